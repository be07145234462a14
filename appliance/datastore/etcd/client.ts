/**
 * The client of an etcd: the client library's typed calls over our own way to the servers, with our rules for time and repetition.
 * A read is repeated until its time is up; a write only while it certainly was not sent. I/O.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { type IWatchRequest, type IWatchResponse, KVClient, LeaseClient, MaintenanceClient } from 'etcd3';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { storeErrors } from '../errors.ts';
import { type EtcdTls, identitySource } from './credentials.ts';
import { Member } from './member.ts';
import { type CallOptions, EtcdPool } from './pool.ts';
import { isOverloaded, translateError, wasNeverSent, wasRefused } from './translate.ts';

export interface EtcdClientOptions {
  /** `unix:/path`, `http://host:port`, `https://host:port`. */
  readonly endpoints: readonly string[];
  /** A function is asked again for each new connection, so that files replaced on disk count. */
  readonly tls?: EtcdTls | (() => EtcdTls);
  readonly username?: string;
  readonly password?: string;
  readonly log: Logger;
  /** From the call to the answer, repetitions included. */
  readonly requestTimeoutMs: number;
}

/** A stream that may carry a watch, and how to say that its server does not answer any more. */
export interface WatchStream {
  readonly stream: ClientDuplexStream<IWatchRequest, IWatchResponse>;
  abandon(): void;
}

export interface EtcdClient {
  readonly kv: KVClient;
  readonly lease: LeaseClient;
  readonly maintenance: MaintenanceClient;
  readonly requestTimeoutMs: number;
  readonly closed: boolean;
  openWatchStream(): Promise<WatchStream>;
  /** After a refusal that an outdated token may have caused; true when asking again may help. */
  renewToken(): Promise<boolean>;
  read<T>(call: (options: CallOptions) => Promise<T>): Promise<T>;
  write<T>(call: (options: CallOptions) => Promise<T>): Promise<T>;
  close(): void;
}

const RETRY_MIN_MS = 20;
const RETRY_MAX_MS = 100;
/** A read is asked again, on another connection, when its server says nothing for a part of its time. */
const SILENT_PARTS = 3;

/** A client; nothing is sent before the first call. Throws what reading certificates throws. */
export function createEtcdClient(options: EtcdClientOptions): EtcdClient {
  const pool = createPool(options);
  const { requestTimeoutMs } = options;
  let closed = false;
  const run = async <T>(
    call: (options: CallOptions) => Promise<T>,
    limits: Omit<CallOptions, 'deadline'>,
    mayRepeat: (error: unknown) => boolean,
  ) => {
    const endMs = Date.now() + requestTimeoutMs;
    let reason: unknown;
    for (let waitMs = RETRY_MIN_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      if (closed) throw storeErrors.fail('STORE_CLOSED');
      try {
        return await call({ ...limits, deadline: endMs });
      } catch (error) {
        if (closed) throw storeErrors.fail('STORE_CLOSED', '', { cause: error });
        reason = hasNoReason(error) ? (reason ?? error) : error;
        if (Date.now() + waitMs >= endMs || !mayRepeat(error)) throw reason;
      }
      await sleep(waitMs);
    }
  };
  return {
    kv: new KVClient(pool),
    lease: new LeaseClient(pool),
    maintenance: new MaintenanceClient(pool),
    requestTimeoutMs,
    get closed() {
      return closed;
    },
    openWatchStream: () => openWatchStream(pool),
    renewToken: () => pool.renewToken(),
    read: (call) => run(call, { silenceMs: requestTimeoutMs / SILENT_PARTS }, isUnavailable).catch(rethrow),
    write: (call) => run(call, {}, wasNeverSent).catch(rethrowWrite),
    close() {
      closed = true;
      pool.close();
    },
  };
}

function createPool(options: EtcdClientOptions): EtcdPool {
  const { endpoints, tls = {}, username, password, log, requestTimeoutMs } = options;
  const readTls = typeof tls === 'function' ? tls : () => tls;
  const members = endpoints.map((endpoint) => {
    const identity = identitySource(endpoint, readTls, log);
    identity();
    return new Member(endpoint, identity);
  });
  const user = username && password ? { name: username, password } : undefined;
  return new EtcdPool({ members, user, timeoutMs: requestTimeoutMs });
}

async function openWatchStream(pool: EtcdPool): Promise<WatchStream> {
  return pool.withConnection('Watch', ({ client, resource, metadata }) => {
    // A member that has lost the others would go on answering, with what it knows.
    metadata.set('hasleader', 'true');
    const stream = (client as unknown as { watch(as: typeof metadata): WatchStream['stream'] }).watch(metadata);
    stream.on('error', (error) => pool.markFailed(resource, error));
    stream.on('data', () => resource.heard());
    return { stream, abandon: () => pool.leave(resource) };
  });
}

/** Time was up while there was no connection; an earlier attempt may have been told why. */
function hasNoReason(error: unknown): boolean {
  return wasNeverSent(error) && /^4 /.test((error as Error).message);
}

/** A server that has too much to do may have less in a moment; what it refuses otherwise it will refuse again. */
function isUnavailable(error: unknown): boolean {
  if (wasRefused(error) && !isOverloaded(error)) return false;
  return translateError(error).code === 'STORE_UNAVAILABLE';
}

function rethrow(error: unknown): never {
  throw translateError(error);
}

/** Whoever writes must know whether a lost answer may stand for a done deed. */
function rethrowWrite(error: unknown): never {
  const known: AppError = translateError(error);
  if (known.code !== 'STORE_UNAVAILABLE') throw known;
  const details = { maybeApplied: !wasNeverSent(error) && !wasRefused(error) };
  throw new AppError(known.code, known.message, { retry: known.retry, details, cause: error });
}
