/**
 * gRPC server reflection (v1 and v1alpha): tools such as grpcurl learn the services from the server itself. Loaded when somebody asks,
 * which few do: it costs a tenth of a second and 7 MB. I/O: adds handlers, loads a package.
 */
import { createRequire } from 'node:module';
import type { handleBidiStreamingCall, MethodDefinition, Server, ServiceDefinition } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';

type Handler = handleBidiStreamingCall<unknown, unknown>;

interface Loaded {
  readonly method: MethodDefinition<unknown, unknown>;
  readonly handle: Handler;
}

const methodName = 'ServerReflectionInfo';
const versions = ['v1', 'v1alpha'] as const;

/** Tells the services of `definitions` to whoever asks. */
export function addReflection(server: Server, definitions: PackageDefinition): void {
  let loaded: ReadonlyMap<string, Loaded> | undefined;
  for (const version of versions) {
    const path = `/grpc.reflection.${version}.ServerReflection/${methodName}`;
    const get = () => {
      loaded ??= load(definitions);
      return loaded.get(path)!;
    };
    const method: MethodDefinition<unknown, unknown> = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: (value) => get().method.requestSerialize(value),
      requestDeserialize: (bytes) => get().method.requestDeserialize(bytes),
      responseSerialize: (value) => get().method.responseSerialize(value),
      responseDeserialize: (bytes) => get().method.responseDeserialize(bytes),
    };
    const handle: Handler = (call) => get().handle(call);
    server.addService({ [methodName]: method }, { [methodName]: handle });
  }
}

/** What the package would have added to a server, by path. */
function load(definitions: PackageDefinition): ReadonlyMap<string, Loaded> {
  const require = createRequire(import.meta.url);
  const { ReflectionService } = require('@grpc/reflection') as typeof import('@grpc/reflection');
  const found = new Map<string, Loaded>();
  new ReflectionService(definitions).addToServer({
    addService(service: ServiceDefinition, handlers) {
      const method = service[methodName] as MethodDefinition<unknown, unknown>;
      found.set(method.path, { method, handle: handlers[methodName] as Handler });
    },
  });
  return found;
}
