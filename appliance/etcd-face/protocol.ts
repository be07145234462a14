/**
 * etcd's gRPC services as definitions for a server or a client, read from `protos/`. A request larger than the limit is not
 * decoded at all: its handler gets `tooLarge`. I/O: reads the proto files once, when called.
 */
import { fileURLToPath } from 'node:url';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { encodeRangeResponse, encodeWatchResponse } from './encode.ts';

/** What a handler receives in place of a request that is too large to be looked at. */
export const tooLarge = Symbol('too large');

export interface EtcdServices {
  readonly kv: ServiceDefinition;
  readonly watch: ServiceDefinition;
  readonly lease: ServiceDefinition;
  readonly cluster: ServiceDefinition;
  readonly auth: ServiceDefinition;
  readonly maintenance: ServiceDefinition;
}

/** The services of etcd's client API that the face has. */
export const etcdServiceNames = ['KV', 'Watch', 'Lease', 'Cluster', 'Auth', 'Maintenance'].map(
  (name) => `etcdserverpb.${name}`,
);

/** The services, and the definitions they come from. `requestBytesMax` bounds one request. */
export function loadEtcdServices(requestBytesMax: number): {
  readonly definitions: PackageDefinition;
  readonly services: EtcdServices;
} {
  const definitions = loadSync('rpc.proto', {
    includeDirs: [fileURLToPath(new URL('./protos', import.meta.url))],
    keepCase: true,
    defaults: true,
    enums: Number,
    oneofs: false,
  });
  const service = (name: string) => limited(definitions[`etcdserverpb.${name}`] as ServiceDefinition, requestBytesMax);
  const services = {
    kv: withEncoder(service('KV'), 'Range', encodeRangeResponse),
    watch: withEncoder(service('Watch'), 'Watch', encodeWatchResponse),
    lease: service('Lease'),
    cluster: service('Cluster'),
    auth: service('Auth'),
    maintenance: service('Maintenance'),
  };
  return { definitions, services };
}

function limited(service: ServiceDefinition, requestBytesMax: number): ServiceDefinition {
  const limit = (method: MethodDefinition<unknown, unknown>) => ({
    ...method,
    requestDeserialize: (bytes: Buffer) =>
      bytes.length > requestBytesMax ? tooLarge : method.requestDeserialize(bytes),
  });
  return Object.fromEntries(Object.entries(service).map(([name, method]) => [name, limit(method)]));
}

function withEncoder<T>(service: ServiceDefinition, name: string, encode: (response: T) => Buffer): ServiceDefinition {
  return { ...service, [name]: { ...service[name], responseSerialize: encode } as MethodDefinition<unknown, unknown> };
}
