/**
 * What etcd's server refuses before it looks into the store: the same conditions, the same answers. Pure.
 */
import { RefusalError, refusals } from './status.ts';
import type { WireDeleteRequest, WirePutRequest, WireRangeRequest, WireRequestOp, WireTxnRequest } from './wire.ts';
import { longToNumber } from './wire.ts';

const SORT_ORDER_MAX = 2;
const SORT_TARGET_MAX = 4;

/** Refuses a range without a key or with an unknown order. */
export function checkRange(request: WireRangeRequest): void {
  if (request.key.length === 0) throw new RefusalError(refusals.emptyKey);
  if (request.sort_order > SORT_ORDER_MAX || request.sort_target > SORT_TARGET_MAX) {
    throw new RefusalError(refusals.invalidSort);
  }
}

/** Refuses a put without a key, or one that both gives and keeps a value or a lease. */
export function checkPut(request: WirePutRequest): void {
  if (request.key.length === 0) throw new RefusalError(refusals.emptyKey);
  if (request.ignore_value && request.value.length > 0) throw new RefusalError(refusals.valueProvided);
  if (request.ignore_lease && longToNumber(request.lease) !== 0) throw new RefusalError(refusals.leaseProvided);
}

/** Refuses a delete without a key. */
export function checkDelete(request: WireDeleteRequest): void {
  if (request.key.length === 0) throw new RefusalError(refusals.emptyKey);
}

/** Refuses a transaction with more than `opsMax` comparisons or operations in one list, or with a bad one in it. */
export function checkTxn(request: WireTxnRequest, opsMax: number): void {
  const most = Math.max(request.compare.length, request.success.length, request.failure.length);
  if (most > opsMax) throw new RefusalError(refusals.tooManyOps);
  for (const compare of request.compare) {
    if (compare.key.length === 0) throw new RefusalError(refusals.emptyKey);
  }
  for (const op of [...request.success, ...request.failure]) checkOp(op, opsMax - most);
}

function checkOp(op: WireRequestOp, opsLeft: number): void {
  if (op.request_range) checkRange(op.request_range);
  else if (op.request_put) checkPut(op.request_put);
  else if (op.request_delete_range) checkDelete(op.request_delete_range);
  else if (op.request_txn) checkTxn(op.request_txn, opsLeft);
  else throw new RefusalError(refusals.keyNotFound);
}
