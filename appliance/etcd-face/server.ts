/**
 * Serves a store to etcd v3 clients over gRPC: etcdctl, upstream Calico programs, other hosts' agents. I/O.
 */
import { rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import type { Store } from '../datastore/store.ts';
import { hasCode } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { clusterService, type MemberInfo, maintenanceService } from './cluster.ts';
import { type FaceContext, type FaceIdentity, headerFactory } from './context.ts';
import { faceErrors } from './errors.ts';
import { kvService } from './kv.ts';
import { leaseService } from './lease.ts';
import { type ListenAddress, parseListenAddress, printListenAddress } from './listen-address.ts';
import { createOpenStreams, type OpenStreams } from './open-streams.ts';
import { loadEtcdServices } from './protocol.ts';
import { openToGroup, removeStaleSocket } from './unix-socket.ts';
import { watchService } from './watch.ts';

/** PEM texts. With `ca`, a client must show a certificate that it signed. */
export interface FaceTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

export interface EtcdFaceOptions {
  readonly store: Store;
  /** `unix:/path`, `https://ADDR:PORT` or, on loopback, `http://ADDR:PORT`; port 0 takes a free one. */
  readonly listen: string;
  readonly identity: FaceIdentity;
  readonly log: Logger;
  readonly tls?: FaceTls;
  /** As `etcdctl member list` shows it. */
  readonly name?: string;
  /** Size of the database for `etcdctl endpoint status`. */
  readonly databaseBytes?: () => number;
  /** Largest request, bytes; etcd's default unless given. */
  readonly requestBytesMax?: number;
  /** Most operations in one transaction; etcd's default unless given. */
  readonly opsMax?: number;
  /** How often an idle watch that asked for it is told how far it is. */
  readonly progressIntervalMs?: number;
}

export interface EtcdFace {
  /** As a client would write it, with the real port. */
  readonly address: string;
  /** Ends streams with "server stopped", lets running requests finish for a moment, then closes. */
  close(): Promise<void>;
}

const REQUEST_BYTES_MAX = 1.5 * 1024 * 1024;
const OPS_MAX = 128;
const PROGRESS_INTERVAL_MS = 10_000;
/** What a request may carry besides its payload before the connection refuses it unread. */
const GRPC_OVERHEAD_BYTES = 512 * 1024;
const CLOSE_GRACE_MS = 1_000;

/** Starts serving; resolves once it listens. Errors: ETCD_FACE_BAD_ADDRESS, ETCD_FACE_INSECURE, ETCD_FACE_IN_USE. */
export async function startEtcdFace(options: EtcdFaceOptions): Promise<EtcdFace> {
  const ability = { hasKeyPair: options.tls !== undefined, checksClients: options.tls?.ca !== undefined };
  const listen = parseListenAddress(options.listen, ability);
  const streams = createOpenStreams();
  let address = options.listen;
  const server = createServer(options, streams, () => [address]);
  if (listen.type === 'unix') await removeStaleSocket(listen.path);
  const port = await bind(server, listen, options.tls);
  if (listen.type === 'unix') await openToGroup(listen.path);
  address = printListenAddress(listen, port);
  options.log.info({ address }, 'etcd face listens');
  return { address, close: () => close(server, streams, listen) };
}

function createServer(options: EtcdFaceOptions, streams: OpenStreams, clientUrls: () => string[]): grpc.Server {
  const requestBytesMax = options.requestBytesMax ?? REQUEST_BYTES_MAX;
  const face: FaceContext = {
    store: options.store,
    log: options.log,
    identity: options.identity,
    opsMax: options.opsMax ?? OPS_MAX,
    responseBytesMax: requestBytesMax,
    progressIntervalMs: options.progressIntervalMs ?? PROGRESS_INTERVAL_MS,
    header: headerFactory(options.identity),
  };
  const member: MemberInfo = {
    name: options.name ?? 'calico',
    clientUrls,
    databaseBytes: options.databaseBytes ?? (() => 0),
  };
  const server = new grpc.Server({
    'grpc.max_receive_message_length': requestBytesMax + GRPC_OVERHEAD_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.enable_channelz': 0,
  });
  const services = loadEtcdServices(requestBytesMax);
  server.addService(services.kv, kvService(face));
  server.addService(services.watch, watchService(face, streams));
  server.addService(services.lease, leaseService(face, streams));
  server.addService(services.cluster, clusterService(face, member));
  server.addService(services.maintenance, maintenanceService(face, member));
  return server;
}

function bind(server: grpc.Server, listen: ListenAddress, tls: FaceTls | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(target(listen), credentials(listen, tls), (error, port) => {
      if (error === null) return resolve(port);
      const code = hasCode(error, 'EADDRINUSE') || error.message.includes('EADDRINUSE') ? 'IN_USE' : 'BAD_ADDRESS';
      reject(faceErrors.fail(`ETCD_FACE_${code}`, target(listen), { cause: error }));
    });
  });
}

function target(listen: ListenAddress): string {
  if (listen.type === 'unix') return `unix:${listen.path}`;
  return isIP(listen.host) === 6 ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`;
}

function credentials(listen: ListenAddress, tls: FaceTls | undefined): grpc.ServerCredentials {
  if (listen.type === 'unix' || !listen.secure || tls === undefined) return grpc.ServerCredentials.createInsecure();
  const pair = { cert_chain: tls.cert, private_key: tls.key };
  return grpc.ServerCredentials.createSsl(tls.ca ?? null, [pair], tls.ca !== undefined);
}

async function close(server: grpc.Server, streams: OpenStreams, listen: ListenAddress): Promise<void> {
  streams.stop();
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, CLOSE_GRACE_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
  if (listen.type === 'unix') await rm(listen.path, { force: true });
}
