/**
 * The refusals an etcd client knows, each with the gRPC code and the exact text by which clients recognise it, and which
 * store error becomes which. Pure. Source: etcd v3 client error catalogue.
 */
import { status } from '@grpc/grpc-js';

export interface Refusal {
  readonly code: number;
  readonly details: string;
}

export const refusals = {
  emptyKey: refusal(status.INVALID_ARGUMENT, 'key is not provided'),
  keyNotFound: refusal(status.INVALID_ARGUMENT, 'key not found'),
  valueProvided: refusal(status.INVALID_ARGUMENT, 'value is provided'),
  leaseProvided: refusal(status.INVALID_ARGUMENT, 'lease is provided'),
  tooManyOps: refusal(status.INVALID_ARGUMENT, 'too many operations in txn request'),
  duplicateKey: refusal(status.INVALID_ARGUMENT, 'duplicate key given in txn request'),
  invalidSort: refusal(status.INVALID_ARGUMENT, 'invalid sort option'),
  tooLarge: refusal(status.INVALID_ARGUMENT, 'request is too large'),
  compacted: refusal(status.OUT_OF_RANGE, 'mvcc: required revision has been compacted'),
  futureRevision: refusal(status.OUT_OF_RANGE, 'mvcc: required revision is a future revision'),
  noSpace: refusal(status.RESOURCE_EXHAUSTED, 'mvcc: database space exceeded'),
  leaseNotFound: refusal(status.NOT_FOUND, 'requested lease not found'),
  leaseExists: refusal(status.FAILED_PRECONDITION, 'lease already exists'),
  leaseTooLong: refusal(status.OUT_OF_RANGE, 'too large lease TTL'),
  permissionDenied: refusal(status.PERMISSION_DENIED, 'permission denied'),
  /** Not etcd's text; the code makes clients reconnect and go on where they were. */
  stalled: refusal(status.UNAVAILABLE, 'watch stream was not read'),
  badTransferee: refusal(status.FAILED_PRECONDITION, 'bad leader transferee'),
  authNotEnabled: refusal(status.FAILED_PRECONDITION, 'authentication is not enabled'),
  stopped: refusal(status.UNAVAILABLE, 'server stopped'),
  timeout: refusal(status.UNAVAILABLE, 'request timed out'),
  corrupt: refusal(status.DATA_LOSS, 'corrupt cluster'),
} as const;

const byStoreCode: Readonly<Record<string, Refusal>> = {
  STORE_EMPTY_KEY: refusals.emptyKey,
  STORE_KEY_NOT_FOUND: refusals.keyNotFound,
  STORE_DUPLICATE_KEY: refusals.duplicateKey,
  STORE_TOO_LARGE: refusals.tooLarge,
  STORE_COMPACTED: refusals.compacted,
  STORE_FUTURE_REVISION: refusals.futureRevision,
  STORE_LEASE_NOT_FOUND: refusals.leaseNotFound,
  STORE_LEASE_EXISTS: refusals.leaseExists,
  STORE_DENIED: refusals.permissionDenied,
  STORE_CLOSED: refusals.stopped,
  STORE_UNAVAILABLE: refusals.timeout,
  STORE_CORRUPT: refusals.corrupt,
};

/** Thrown inside a handler to answer with exactly this refusal. */
export class RefusalError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.details);
    this.refusal = refusal;
  }
}

/** What a client is told about `error`; undefined when it is none of the known troubles but a fault of ours. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof RefusalError) return error.refusal;
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? byStoreCode[error.code] : undefined;
}

function refusal(code: number, what: string): Refusal {
  return { code, details: `etcdserver: ${what}` };
}
