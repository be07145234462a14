/**
 * One transaction on a draft, in etcd's order: all comparisons first, nested ones too, against the state before; then what could fail
 * on the chosen path; then the writes. Works without a pause; only large range answers arrive later. I/O (synchronous reads).
 */
import { storeErrors } from '../errors.ts';
import type { DeleteOp, Op, OpResult, PutOp, Revision, TxnRequest, TxnResult } from '../store.ts';
import { holds } from './compare.ts';
import type { Draft } from './draft.ts';
import { toKey, toSpan } from './keys.ts';
import { readRangeIn, wantedRevision } from './range.ts';

/** Which way a transaction goes, and each transaction nested in the chosen branch. */
interface Path {
  readonly succeeded: boolean;
  readonly ops: readonly Op[];
  readonly nested: ReadonlyMap<Op, Path>;
}

/** An answer whose large ranges may still be on their way. */
export interface PendingTxn {
  readonly succeeded: boolean;
  readonly results: readonly PendingResult[];
}
type PendingResult = OpResult | Promise<OpResult> | { readonly type: 'pending'; readonly txn: PendingTxn };

/** Runs the transaction; when it throws, the draft is as before. */
export function applyTxn(
  draft: Draft,
  request: TxnRequest,
): { readonly revision: Revision; readonly pending: PendingTxn } {
  const pending = draft.attempt(() => {
    const path = choose(draft, request);
    checkPath(draft, path);
    return apply(draft, path);
  });
  return { revision: draft.revision, pending };
}

/** True when no branch writes, so that nothing needs to be committed. */
export function isReadOnly(request: TxnRequest): boolean {
  return [...request.success, ...request.failure].every(
    (op) => op.type === 'range' || (op.type === 'txn' && isReadOnly(op)),
  );
}

/** Waits for the ranges of an answer; most answers have none to wait for, and come at once. */
export function settle({ succeeded, results }: PendingTxn, revision: Revision): TxnResult | Promise<TxnResult> {
  if (results.every(isSettled)) return { succeeded, revision, results };
  const settled = Promise.all(results.map((result) => settleOne(result, revision)));
  return settled.then((all) => ({ succeeded, revision, results: all }));
}

function isSettled(result: PendingResult): result is OpResult {
  return 'type' in result && result.type !== 'pending';
}

async function settleOne(result: PendingResult, revision: Revision): Promise<OpResult> {
  if (!('type' in result) || result.type !== 'pending') return result;
  return { type: 'txn', ...(await settle(result.txn, revision)) };
}

function choose(draft: Draft, request: TxnRequest): Path {
  const succeeded = request.compare.every((condition) => holds(draft, condition));
  const ops = succeeded ? request.success : request.failure;
  const nested = new Map<Op, Path>();
  for (const op of ops) if (op.type === 'txn') nested.set(op, choose(draft, op));
  return { succeeded, ops, nested };
}

function checkPath(draft: Draft, path: Path): void {
  for (const op of path.ops) {
    if (op.type === 'put') checkPut(draft, op);
    else if (op.type === 'range') wantedRevision(op, draft.revision, draft.state);
    else if (op.type === 'txn') checkPath(draft, path.nested.get(op)!);
  }
}

function checkPut(draft: Draft, op: PutOp): void {
  const lease = op.ignoreLease ? 0n : (op.lease ?? 0n);
  if (lease !== 0n && draft.leaseTtlSeconds(lease) === undefined) {
    throw storeErrors.fail('STORE_LEASE_NOT_FOUND', lease.toString());
  }
  const key = toKey(op.key);
  if ((op.ignoreValue || op.ignoreLease) && draft.keyState(key) === undefined) {
    throw storeErrors.fail('STORE_KEY_NOT_FOUND', JSON.stringify(key));
  }
}

function apply(draft: Draft, path: Path): PendingTxn {
  return { succeeded: path.succeeded, results: path.ops.map((op) => applyOp(draft, op, path)) };
}

function applyOp(draft: Draft, op: Op, path: Path): PendingResult {
  if (op.type === 'put') return applyPut(draft, op);
  if (op.type === 'delete') return applyDelete(draft, op);
  if (op.type === 'txn') return { type: 'pending', txn: apply(draft, path.nested.get(op)!) };
  const read = readRangeIn(draft, op);
  return read instanceof Promise
    ? held(read.then((range) => ({ type: 'range', ...range })))
    : { type: 'range', ...read };
}

function applyPut(draft: Draft, op: PutOp): OpResult {
  const key = toKey(op.key);
  const value = op.ignoreValue ? draft.entry(key)!.value : op.value;
  const lease = op.ignoreLease ? draft.keyState(key)!.lease : (op.lease ?? 0n);
  const prev = draft.put(key, value, lease);
  return op.prevKv && prev !== undefined ? { type: 'put', prev } : { type: 'put' };
}

function applyDelete(draft: Draft, op: DeleteOp): OpResult {
  const gone = draft.select(toSpan(op)).keys.map((key) => draft.delete(key));
  return { type: 'delete', deleted: gone.length, prev: op.prevKv ? gone : [] };
}

// The group may fail before anyone waits for this answer; whoever waits still gets the error.
function held<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
