/** What the face's services share: the store, who we are, the limits, and how one request is answered. I/O through the store. */
import type { handleUnaryCall, ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { Revision, Store } from '../datastore/store.ts';
import type { Logger } from '../lib/log.ts';
import { tooLarge } from './protocol.ts';
import { type Refusal, refusalOf, refusals } from './status.ts';
import { bigintToLong, type WireHeader } from './wire.ts';

/** Random once, then kept by the caller: clients take a changed cluster id for another cluster. */
export interface FaceIdentity {
  readonly clusterId: bigint;
  readonly memberId: bigint;
}

export interface FaceContext {
  readonly store: Store;
  readonly log: Logger;
  readonly identity: FaceIdentity;
  readonly opsMax: number;
  readonly responseBytesMax: number;
  readonly progressIntervalMs: number;
  header(revision: Revision): WireHeader;
}

const RAFT_TERM = 1;

/** Builds headers for one identity. */
export function headerFactory(identity: FaceIdentity): (revision: Revision) => WireHeader {
  const ids = {
    cluster_id: bigintToLong(identity.clusterId, true),
    member_id: bigintToLong(identity.memberId, true),
    raft_term: RAFT_TERM,
  };
  return (revision) => ({ ...ids, revision });
}

/** A gRPC unary handler from a plain function: its result is the answer, its error becomes an etcd refusal. */
export function unary<Request, Response>(
  log: Logger,
  handle: (request: Request) => Promise<Response>,
): handleUnaryCall<Request | typeof tooLarge, Response> {
  return (call, callback) => {
    const request = call.request;
    if (request === tooLarge) return callback(asServiceError(refusals.tooLarge));
    attempt(handle, request).then(
      (response) => callback(null, response),
      (error: unknown) => callback(asServiceError(refusalFor(log, error))),
    );
  };
}

async function attempt<Request, Response>(handle: (request: Request) => Promise<Response>, request: Request) {
  return await handle(request);
}

/** The refusal for `error`; a fault of ours is logged and told as INTERNAL. */
export function refusalFor(log: Logger, error: unknown): Refusal {
  const known = refusalOf(error);
  if (known !== undefined) return known;
  log.error({ error: String(error), stack: error instanceof Error ? error.stack : undefined }, 'request failed');
  return { code: status.INTERNAL, details: 'etcdserver: internal error' };
}

/** A refusal as grpc-js wants it. */
export function asServiceError(refusal: Refusal): Pick<ServiceError, 'code' | 'details'> {
  return { code: refusal.code, details: refusal.details };
}
