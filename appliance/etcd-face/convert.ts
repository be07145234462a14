/** Between etcd's messages and the store's requests and results, entry by entry. Pure. */
import type { Compare, CompareTarget, Entry, Op, OpResult, TxnRequest, WatchEvent } from '../datastore/store.ts';
import { rangeEndOf, shapeRange, storeRange } from './range.ts';
import { RefusalError, refusals } from './status.ts';
import {
  bigintToLong,
  longToBigint,
  longToNumber,
  type WireCompare,
  type WireDeleteRequest,
  type WireEvent,
  type WireHeader,
  type WireKeyValue,
  type WirePutRequest,
  type WireRequestOp,
  type WireResponseOp,
  type WireTxnRequest,
} from './wire.ts';

/** A stored entry as etcd's KeyValue. */
export function wireEntry(entry: Entry): WireKeyValue {
  return {
    key: entry.key,
    create_revision: entry.createRevision,
    mod_revision: entry.modRevision,
    version: entry.version,
    value: entry.value,
    lease: entry.lease === 0n ? 0 : bigintToLong(entry.lease),
  };
}

/** A change as etcd's Event. */
export function wireEvent(event: WatchEvent): WireEvent {
  return {
    type: event.type === 'put' ? 0 : 1,
    kv: wireEntry(event.entry),
    ...(event.prev === undefined ? {} : { prev_kv: wireEntry(event.prev) }),
  };
}

/** A put as a store operation. */
export function putOp(request: WirePutRequest): Extract<Op, { type: 'put' }> {
  return {
    type: 'put',
    key: request.key,
    value: request.value,
    lease: longToBigint(request.lease),
    prevKv: request.prev_kv,
    ignoreValue: request.ignore_value,
    ignoreLease: request.ignore_lease,
  };
}

/** A delete as a store operation. */
export function deleteOp(request: WireDeleteRequest): Extract<Op, { type: 'delete' }> {
  return { type: 'delete', key: request.key, ...rangeEndOf(request.range_end), prevKv: request.prev_kv };
}

/** A transaction as the store's, nested ones included. */
export function storeTxn(request: WireTxnRequest): TxnRequest {
  return {
    compare: request.compare.map(storeCompare),
    success: request.success.map(storeOp),
    failure: request.failure.map(storeOp),
  };
}

/** The results of `ops`, in their order, as etcd answers them; inner headers carry the revision alone. */
export function wireResults(
  ops: readonly WireRequestOp[],
  results: readonly OpResult[],
  header: WireHeader,
): WireResponseOp[] {
  return results.map((result, i) => wireResult(ops[i]!, result, header));
}

function wireResult(op: WireRequestOp, result: OpResult, header: WireHeader): WireResponseOp {
  if (result.type === 'put') return { response_put: { header, ...prevOf(result.prev) } };
  if (result.type === 'delete') {
    return { response_delete_range: { header, deleted: result.deleted, prev_kvs: result.prev.map(wireEntry) } };
  }
  if (result.type === 'range') {
    const { entries, more } = shapeRange(op.request_range!, result);
    return { response_range: { header, kvs: entries.map(wireEntry), more, count: result.count } };
  }
  const inner = op.request_txn!;
  const responses = wireResults(result.succeeded ? inner.success : inner.failure, result.results, header);
  return { response_txn: { header, succeeded: result.succeeded, responses } };
}

/** `prev_kv` when there was a previous entry. */
export function prevOf(prev: Entry | undefined): { readonly prev_kv?: WireKeyValue } {
  return prev === undefined ? {} : { prev_kv: wireEntry(prev) };
}

function storeOp(op: WireRequestOp): Op {
  if (op.request_range) return { type: 'range', ...storeRange(op.request_range) };
  if (op.request_put) return putOp(op.request_put);
  if (op.request_delete_range) return deleteOp(op.request_delete_range);
  if (op.request_txn) return { type: 'txn', ...storeTxn(op.request_txn) };
  throw new RefusalError(refusals.keyNotFound);
}

const results = ['equal', 'greater', 'less', 'notEqual'] as const;

function storeCompare(compare: WireCompare): Compare {
  return {
    key: compare.key,
    ...rangeEndOf(compare.range_end),
    ...compareTarget(compare),
    result: results[compare.result] ?? 'equal',
  };
}

const zero = { low: 0, high: 0, unsigned: false };

function compareTarget(compare: WireCompare): CompareTarget {
  switch (compare.target) {
    case 1:
      return { target: 'create', operand: longToNumber(compare.create_revision ?? zero) };
    case 2:
      return { target: 'mod', operand: longToNumber(compare.mod_revision ?? zero) };
    case 3:
      return { target: 'value', operand: compare.value ?? Buffer.alloc(0) };
    case 4:
      return { target: 'lease', operand: longToBigint(compare.lease ?? zero) };
    default:
      return { target: 'version', operand: longToNumber(compare.version ?? zero) };
  }
}
