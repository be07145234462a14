/** Between the store's requests and results and the client library's, which has 64-bit numbers as decimal text. Pure. */
import type {
  ICompare,
  IDeleteRangeRequest,
  IKeyValue,
  IPutRequest,
  IRangeRequest,
  IRangeResponse,
  IRequestOp,
  IResponseOp,
  ITxnRequest,
  ITxnResponse,
  IWatchResponse,
} from 'etcd3';
import type {
  Compare,
  DeleteOp,
  Entry,
  Op,
  OpResult,
  PutOp,
  RangeRequest,
  RangeResult,
  TxnRequest,
  TxnResult,
  WatchEvent,
} from '../store.ts';

/** A stored entry. */
export function entryOf(kv: IKeyValue): Entry {
  return {
    key: kv.key,
    value: kv.value,
    createRevision: Number(kv.create_revision),
    modRevision: Number(kv.mod_revision),
    version: Number(kv.version),
    lease: kv.lease === '0' ? 0n : BigInt(kv.lease),
  };
}

/** A change; the library's field is null when there was no previous entry. */
export function eventOf(event: IWatchResponse['events'][number]): WatchEvent {
  const prev = event.prev_kv as IKeyValue | null;
  return {
    type: event.type === 'Put' ? 'put' : 'delete',
    entry: entryOf(event.kv),
    ...(prev === null ? {} : { prev: entryOf(prev) }),
  };
}

/** A range request for the wire. */
export function rangeRequest(request: RangeRequest): IRangeRequest {
  return {
    key: request.key,
    ...(request.rangeEnd === undefined ? {} : { range_end: request.rangeEnd }),
    revision: request.revision ?? 0,
    limit: request.limit ?? 0,
    keys_only: request.keysOnly === true,
    count_only: request.countOnly === true,
  };
}

/** A range answer. */
export function rangeResult(response: IRangeResponse, revision: number): RangeResult {
  return { revision, entries: response.kvs.map(entryOf), more: response.more, count: Number(response.count) };
}

/** A put for the wire. */
export function putRequest(op: Omit<PutOp, 'type'>): IPutRequest {
  return {
    key: op.key,
    value: op.value,
    lease: (op.lease ?? 0n).toString(),
    prev_kv: op.prevKv === true,
    ignore_value: op.ignoreValue === true,
    ignore_lease: op.ignoreLease === true,
  };
}

/** A delete for the wire. */
export function deleteRequest(op: Omit<DeleteOp, 'type'>): IDeleteRangeRequest {
  return {
    key: op.key,
    ...(op.rangeEnd === undefined ? {} : { range_end: op.rangeEnd }),
    prev_kv: op.prevKv === true,
  };
}

/** A transaction for the wire. */
export function txnRequest(request: TxnRequest): ITxnRequest {
  return {
    compare: request.compare.map(compareOf),
    success: request.success.map(requestOp),
    failure: request.failure.map(requestOp),
  };
}

/** A transaction's answer; inner results have no revision of their own. */
export function txnResult(response: ITxnResponse, revision: number): TxnResult {
  return {
    succeeded: response.succeeded,
    revision,
    results: response.responses.map((result) => opResult(result, revision)),
  };
}

/** The previous entry when the library brings one. */
export function prevOf(kv: IKeyValue | null | undefined): { readonly prev?: Entry } {
  return kv === null || kv === undefined ? {} : { prev: entryOf(kv) };
}

function requestOp(op: Op): IRequestOp {
  switch (op.type) {
    case 'put':
      return { request_put: putRequest(op) };
    case 'delete':
      return { request_delete_range: deleteRequest(op) };
    case 'range':
      return { request_range: rangeRequest(op) };
    case 'txn':
      return { request_txn: txnRequest(op) };
  }
}

function opResult(result: Partial<IResponseOp>, revision: number): OpResult {
  if (result.response_put) return { type: 'put', ...prevOf(result.response_put.prev_kv) };
  if (result.response_delete_range) {
    const { deleted, prev_kvs } = result.response_delete_range;
    return { type: 'delete', deleted: Number(deleted), prev: prev_kvs.map(entryOf) };
  }
  if (result.response_range) return { type: 'range', ...rangeResult(result.response_range, revision) };
  return { type: 'txn', ...txnResult(result.response_txn!, revision) };
}

const compareResults = { equal: 'Equal', greater: 'Greater', less: 'Less', notEqual: 'NotEqual' } as const;

function compareOf(compare: Compare): ICompare {
  const common: ICompare = {
    key: compare.key,
    ...(compare.rangeEnd === undefined ? {} : { range_end: compare.rangeEnd }),
    result: compareResults[compare.result],
  };
  switch (compare.target) {
    case 'version':
      return { ...common, target: 'Version', version: compare.operand };
    case 'create':
      return { ...common, target: 'Create', create_revision: compare.operand };
    case 'mod':
      return { ...common, target: 'Mod', mod_revision: compare.operand };
    case 'lease':
      return { ...common, target: 'Lease', lease: compare.operand.toString() };
    case 'value':
      return { ...common, target: 'Value', value: compare.operand };
  }
}
