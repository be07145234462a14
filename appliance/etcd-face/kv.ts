/** etcd's KV service over a store: one request, one store call. I/O through the store. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { checkDelete, checkPut, checkRange, checkTxn } from './check.ts';
import { type FaceContext, unary } from './context.ts';
import { deleteOp, prevOf, putOp, storeTxn, wireEntry, wireResults } from './convert.ts';
import { shapeRange, storeRange } from './range.ts';
import {
  type Long,
  longToNumber,
  type WireDeleteRequest,
  type WireDeleteResponse,
  type WireHeader,
  type WirePutRequest,
  type WirePutResponse,
  type WireRangeRequest,
  type WireRangeResponse,
  type WireTxnRequest,
  type WireTxnResponse,
} from './wire.ts';

/** Range, Put, DeleteRange, Txn and Compact. */
export function kvService(face: FaceContext): UntypedServiceImplementation {
  return {
    Range: unary(face.log, (request: WireRangeRequest) => range(face, request)),
    Put: unary(face.log, (request: WirePutRequest) => put(face, request)),
    DeleteRange: unary(face.log, (request: WireDeleteRequest) => deleteRange(face, request)),
    Txn: unary(face.log, (request: WireTxnRequest) => txn(face, request)),
    Compact: unary(face.log, (request: { revision: Long }) => compact(face, request)),
  };
}

async function range(face: FaceContext, request: WireRangeRequest): Promise<WireRangeResponse> {
  checkRange(request);
  const result = await face.store.range(storeRange(request));
  const { entries, more } = shapeRange(request, result);
  return { header: face.header(result.revision), kvs: entries.map(wireEntry), more, count: result.count };
}

async function put(face: FaceContext, request: WirePutRequest): Promise<WirePutResponse> {
  checkPut(request);
  const { revision, results } = await face.store.txn({ compare: [], success: [putOp(request)], failure: [] });
  const result = results[0]!;
  return { header: face.header(revision), ...(result.type === 'put' ? prevOf(result.prev) : {}) };
}

async function deleteRange(face: FaceContext, request: WireDeleteRequest): Promise<WireDeleteResponse> {
  checkDelete(request);
  const { prevKv } = deleteOp(request);
  const result = await face.store.delete(deleteOp(request), { prevKv: prevKv === true });
  return { header: face.header(result.revision), deleted: result.deleted, prev_kvs: result.prev.map(wireEntry) };
}

async function txn(face: FaceContext, request: WireTxnRequest): Promise<WireTxnResponse> {
  checkTxn(request, face.opsMax);
  const { succeeded, revision, results } = await face.store.txn(storeTxn(request));
  const ops = succeeded ? request.success : request.failure;
  const header = face.header(revision);
  return { header, succeeded, responses: wireResults(ops, results, header) };
}

async function compact(face: FaceContext, request: { revision: Long }): Promise<{ header: WireHeader }> {
  await face.store.compact(longToNumber(request.revision));
  const { current } = await face.store.revisions();
  return { header: face.header(current) };
}
