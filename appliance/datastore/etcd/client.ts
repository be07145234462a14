/**
 * The connection to etcd: the client library's pool, tokens and typed calls, with our rules for time and repetition.
 * A read is repeated until its time is up; a write only while it certainly was not sent. I/O.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { rootCertificates } from 'node:tls';
import { Etcd3, type IOptions } from 'etcd3';
import type { AppError } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';
import { faultHandling } from './fault-handling.ts';
import { isAddressed, secureChannelFactory } from './secure-channel.ts';
import { translateError, wasNeverSent } from './translate.ts';

/** PEM texts; without `ca` the system's authorities are trusted. */
export interface EtcdTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface EtcdClientOptions {
  /** `unix:/path`, `http://host:port`, `https://host:port`; all secure or none. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  readonly username?: string;
  readonly password?: string;
  /** From the call to the answer, repetitions included. */
  readonly requestTimeoutMs: number;
}

/** Passed to each library call. */
export interface CallOptions {
  readonly deadline: number;
}

export interface EtcdClient {
  readonly etcd: Etcd3;
  readonly requestTimeoutMs: number;
  readonly closed: boolean;
  read<T>(call: (options: CallOptions) => Promise<T>): Promise<T>;
  write<T>(call: (options: CallOptions) => Promise<T>): Promise<T>;
  close(): void;
}

const RETRY_MIN_MS = 20;
const RETRY_MAX_MS = 100;
/** A server on this machine is back soon, and asking for it costs nobody else anything. */
const RECONNECT_MAX_MS = { local: 200, remote: 1_000 } as const;

/** A client; nothing is sent before the first call. */
export function createEtcdClient(options: EtcdClientOptions): EtcdClient {
  const etcd = new Etcd3(libraryOptions(options));
  const { requestTimeoutMs } = options;
  const attemptMs = requestTimeoutMs / Math.min(3, options.endpoints.length);
  let closed = false;
  const run = async <T>(call: (options: CallOptions) => Promise<T>, mayRepeat: (error: unknown) => boolean) => {
    const endMs = Date.now() + requestTimeoutMs;
    for (let waitMs = RETRY_MIN_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      if (closed) throw storeErrors.fail('STORE_CLOSED');
      try {
        return await call({ deadline: Math.min(endMs, Date.now() + attemptMs) });
      } catch (error) {
        if (closed) throw storeErrors.fail('STORE_CLOSED', '', { cause: error });
        if (Date.now() + waitMs >= endMs || !mayRepeat(error)) throw error;
      }
      await sleep(waitMs, undefined, { ref: false });
    }
  };
  return {
    etcd,
    requestTimeoutMs,
    get closed() {
      return closed;
    },
    read: (call) => run(call, (error) => translateError(error).code === 'STORE_UNAVAILABLE').catch(rethrow),
    write: (call) => run(call, wasNeverSent).catch(rethrowWrite),
    close() {
      closed = true;
      etcd.close();
    },
  };
}

function libraryOptions(options: EtcdClientOptions): IOptions {
  const { username, password, tls } = options;
  const secure = options.endpoints.some((endpoint) => endpoint.startsWith('https:'));
  const authDeadline = () => ({ deadline: Date.now() + options.requestTimeoutMs });
  const identity = secure ? credentials(tls ?? {}) : undefined;
  if (identity && username && options.endpoints.some(isAddressed)) {
    throw storeErrors.fail('STORE_DENIED', 'a user name over https needs servers named by host name, not by address');
  }
  const isLocal = options.endpoints.every((endpoint) => endpoint.startsWith('unix:'));
  return {
    hosts: [...options.endpoints],
    ...(identity ? { credentials: identity } : {}),
    ...(username && password ? { auth: { username, password, callOptions: authDeadline } } : {}),
    faultHandling: faultHandling(options.endpoints.length, Date.now),
    grpcOptions: {
      ...(identity ? { channelFactoryOverride: secureChannelFactory(identity) } : {}),
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS[isLocal ? 'local' : 'remote'],
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
    },
  };
}

function credentials(tls: EtcdTls): NonNullable<IOptions['credentials']> {
  return {
    rootCertificate: tls.ca ?? Buffer.from(rootCertificates.join('\n')),
    ...(tls.key === undefined ? {} : { privateKey: tls.key }),
    ...(tls.cert === undefined ? {} : { certChain: tls.cert }),
  };
}

function rethrow(error: unknown): never {
  throw translateError(error);
}

/** Whoever writes must know whether a lost answer may stand for a done deed. */
function rethrowWrite(error: unknown): never {
  const known: AppError = translateError(error);
  if (known.code !== 'STORE_UNAVAILABLE') throw known;
  const details = { maybeApplied: !wasNeverSent(error) };
  throw storeErrors.fail('STORE_UNAVAILABLE', error instanceof Error ? error.message : '', { details, cause: error });
}
