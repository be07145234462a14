/**
 * Serves a store to etcd v3 clients over gRPC: etcdctl, upstream Calico programs, other hosts' agents. I/O.
 */
import { rm } from 'node:fs/promises';
import * as grpc from '@grpc/grpc-js';
import type { Store } from '../datastore/store.ts';
import type { Logger } from '../lib/log.ts';
import { identify, localIdentity } from './access/identity.ts';
import { createRefusalLog } from './access/refusal-log.ts';
import { authService, clusterService } from './cluster.ts';
import { type FaceCall, type FaceContext, type FaceIdentity, headerFactory } from './context.ts';
import { createEventEncoder } from './encoded-event.ts';
import { type FaceTls, type Front, openFront } from './front.ts';
import { addHealthService, type Health } from './health.ts';
import { kvService } from './kv.ts';
import { leaseService } from './lease.ts';
import { type ListenAddress, parseListenAddress, printListenAddress } from './listen-address.ts';
import { maintenanceService } from './maintenance.ts';
import { createOpenStreams, type OpenStreams } from './open-streams.ts';
import { createPages } from './pages.ts';
import { etcdServiceNames, loadEtcdServices } from './protocol.ts';
import { addReflection } from './reflection.ts';
import { openToGroup, removeStaleSocket } from './unix-socket.ts';
import { watchService } from './watch.ts';

export interface EtcdFaceOptions {
  readonly store: Store;
  /** `unix:/path`, `https://ADDR:PORT` or, on loopback, `http://ADDR:PORT`; port 0 takes a free one. */
  readonly listen: string;
  readonly identity: FaceIdentity;
  readonly log: Logger;
  readonly tls?: FaceTls;
  /** As `etcdctl member list` shows it. */
  readonly name?: string;
  /** Largest request, bytes; etcd's default unless given. */
  readonly requestBytesMax?: number;
  /** Most operations in one transaction; etcd's default unless given. */
  readonly opsMax?: number;
  /** How often an idle watch that asked for it is told how far it is. */
  readonly progressIntervalMs?: number;
  /** How long a client may leave its watch stream unread before it is cut off. */
  readonly stalledMaxMs?: number;
}

export interface EtcdFace {
  /** As a client would write it, with the real port. */
  readonly address: string;
  /** Other certificates for the connections to come. */
  setTls(pair: FaceTls): void;
  /** Ends streams with "server stopped", lets running requests finish for a moment, then closes. */
  close(): Promise<void>;
}

const REQUEST_BYTES_MAX = 1.5 * 1024 * 1024;
const OPS_MAX = 128;
const PROGRESS_INTERVAL_MS = 10_000;
const STALLED_MAX_MS = 60_000;
/** What a request may carry besides its payload before the connection refuses it unread. */
const GRPC_OVERHEAD_BYTES = 512 * 1024;
const CLOSE_GRACE_MS = 2_000;
/** For what was said last to reach whoever is still there. */
const FLUSH_GRACE_MS = 500;

/** Starts serving; resolves once it listens. Errors: ETCD_FACE_BAD_ADDRESS, ETCD_FACE_INSECURE, ETCD_FACE_IN_USE. */
export async function startEtcdFace(options: EtcdFaceOptions): Promise<EtcdFace> {
  const ability = { hasKeyPair: options.tls !== undefined, checksClients: options.tls?.ca !== undefined };
  const listen = parseListenAddress(options.listen, ability);
  const streams = createOpenStreams();
  let address = options.listen;
  const { server, health } = createServer(options, listen, streams, () => [address]);
  if (listen.type === 'unix') await removeStaleSocket(listen.path);
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  const front = await openFront({
    listen,
    tls: options.tls,
    onHttp2: (connection) => injector.injectConnection(connection),
    onPage: createPages({ store: options.store, log: options.log, openStreams: () => streams.size() }),
  }).catch((error: unknown) => {
    health.close();
    server.forceShutdown();
    throw error;
  });
  if (listen.type === 'unix') await openToGroup(listen.path);
  address = printListenAddress(listen, front.port);
  options.log.info({ address }, 'etcd face listens');
  return { address, setTls: front.setTls, close: () => close({ server, front, health, streams, listen }) };
}

function createServer(
  options: EtcdFaceOptions,
  listen: ListenAddress,
  streams: OpenStreams,
  clientUrls: () => string[],
): { readonly server: grpc.Server; readonly health: Health } {
  const requestBytesMax = options.requestBytesMax ?? REQUEST_BYTES_MAX;
  const face: FaceContext = {
    store: options.store,
    log: options.log,
    identity: options.identity,
    opsMax: options.opsMax ?? OPS_MAX,
    responseBytesMax: requestBytesMax,
    progressIntervalMs: options.progressIntervalMs ?? PROGRESS_INTERVAL_MS,
    stalledMaxMs: options.stalledMaxMs ?? STALLED_MAX_MS,
    refused: createRefusalLog(options.log),
    encodeEvent: createEventEncoder(),
    identityOf: identification(listen, options.tls),
    header: headerFactory(options.identity),
  };
  const server = new grpc.Server({
    'grpc.max_receive_message_length': requestBytesMax + GRPC_OVERHEAD_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.enable_channelz': 0,
  });
  const { definitions, services } = loadEtcdServices(requestBytesMax);
  server.addService(services.kv, kvService(face));
  server.addService(services.watch, watchService(face, streams));
  server.addService(services.lease, leaseService(face, streams));
  server.addService(services.cluster, clusterService(face, { name: options.name ?? 'calico', clientUrls }));
  server.addService(services.auth, authService(face));
  server.addService(services.maintenance, maintenanceService(face, streams));
  addReflection(server, definitions);
  return { server, health: addHealthService(server, options.store, etcdServiceNames) };
}

/** On a socket and on loopback without client certificates, whoever reaches the listener is let do all. */
function identification(listen: ListenAddress, tls: FaceTls | undefined): FaceContext['identityOf'] {
  if (listen.type === 'unix' || !listen.secure || tls?.ca === undefined) return () => localIdentity;
  return (call: FaceCall) => identify(call.getAuthContext().sslPeerCertificate?.subject);
}

interface Open {
  readonly server: grpc.Server;
  readonly front: Front;
  readonly health: Health;
  readonly streams: OpenStreams;
  readonly listen: ListenAddress;
}

async function close({ server, front, health, streams, listen }: Open): Promise<void> {
  front.close();
  health.close();
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
  await front.ended(FLUSH_GRACE_MS);
  if (listen.type === 'unix') await rm(listen.path, { force: true });
}
