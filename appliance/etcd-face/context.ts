/** What the face's services share: the store, who we are, the limits, and how one request is answered. I/O through the store. */
import type { handleUnaryCall, ServerUnaryCall, ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { Revision, Store } from '../datastore/store.ts';
import type { Logger } from '../lib/log.ts';
import type { Identity } from './access/identity.ts';
import type { RefusalLog } from './access/refusal-log.ts';
import type { EventEncoder } from './encoded-event.ts';
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
  /** How long a watch stream may stay full before it is cut off. */
  readonly stalledMaxMs: number;
  readonly refused: RefusalLog;
  readonly encodeEvent: EventEncoder;
  /** Who sent a call. */
  identityOf(call: FaceCall): Identity;
  header(revision: Revision): WireHeader;
}

/** The part of a gRPC call that tells who sent it. */
export type FaceCall = Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext' | 'getPath'>;

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
  face: FaceContext,
  handle: (request: Request, identity: Identity) => Promise<Response>,
): handleUnaryCall<Request | typeof tooLarge, Response> {
  return (call, callback) => {
    const request = call.request;
    if (request === tooLarge) return callback(asServiceError(refusals.tooLarge));
    const identity = face.identityOf(call);
    attempt(handle, request, identity).then(
      (response) => callback(null, response),
      (error: unknown) => callback(asServiceError(refusalTo(face, identity, call.getPath(), error))),
    );
  };
}

async function attempt<Request, Response>(
  handle: (request: Request, identity: Identity) => Promise<Response>,
  request: Request,
  identity: Identity,
) {
  return await handle(request, identity);
}

/** The refusal for `error`, noted in the log when it is for want of permission. */
export function refusalTo(face: FaceContext, identity: Identity, what: string, error: unknown): Refusal {
  const refusal = refusalFor(face.log, error);
  if (refusal === refusals.permissionDenied) face.refused.note(identity, what);
  return refusal;
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
