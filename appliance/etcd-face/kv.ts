/** etcd's KV service over a store: one request, one store call. I/O through the store. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Op, OpResult, Revision } from '../datastore/store.ts';
import type { Identity } from './access/identity.ts';
import { permittedTxn, requireAdmin, requireRead } from './access/permit.ts';
import { checkDelete, checkPut, checkRange, checkTxn } from './check.ts';
import { type FaceContext, unary } from './context.ts';
import { deleteOp, prevOf, putOp, storeTxn, wireEntry, wireResults } from './convert.ts';
import { shapeRange, storeRange } from './range.ts';
import {
  type Long,
  longToNumber,
  type WireDeleteRequest,
  type WireDeleteResponse,
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
    Range: unary(face, (request: WireRangeRequest, identity) => range(face, identity, request)),
    Put: unary(face, (request: WirePutRequest, identity) => put(face, identity, request)),
    DeleteRange: unary(face, (request: WireDeleteRequest, identity) => deleteRange(face, identity, request)),
    Txn: unary(face, (request: WireTxnRequest, identity) => txn(face, identity, request)),
    Compact: unary(face, (request: { revision: Long }, identity) => compact(face, identity, request)),
  };
}

async function range(face: FaceContext, identity: Identity, request: WireRangeRequest): Promise<WireRangeResponse> {
  checkRange(request);
  const wanted = storeRange(request);
  requireRead(identity, wanted);
  const result = await face.store.range(wanted);
  const { entries, more } = shapeRange(request, result);
  return { header: face.header(result.revision), kvs: entries.map(wireEntry), more, count: result.count };
}

async function put(face: FaceContext, identity: Identity, request: WirePutRequest): Promise<WirePutResponse> {
  checkPut(request);
  const { revision, result } = await one(face, identity, putOp(request));
  return { header: face.header(revision), ...(result.type === 'put' ? prevOf(result.prev) : {}) };
}

async function deleteRange(face: FaceContext, identity: Identity, request: WireDeleteRequest) {
  checkDelete(request);
  const { revision, result } = await one(face, identity, deleteOp(request));
  const { deleted, prev } = result as Extract<OpResult, { type: 'delete' }>;
  const response: WireDeleteResponse = { header: face.header(revision), deleted, prev_kvs: prev.map(wireEntry) };
  return response;
}

async function one(face: FaceContext, identity: Identity, op: Op): Promise<{ revision: Revision; result: OpResult }> {
  const { revision, results } = await permittedTxn(face.store, identity, { compare: [], success: [op], failure: [] });
  return { revision, result: results[0]! };
}

async function txn(face: FaceContext, identity: Identity, request: WireTxnRequest): Promise<WireTxnResponse> {
  checkTxn(request, face.opsMax);
  const { succeeded, revision, results } = await permittedTxn(face.store, identity, storeTxn(request));
  const ops = succeeded ? request.success : request.failure;
  const header = face.header(revision);
  return { header, succeeded, responses: wireResults(ops, results, header) };
}

async function compact(face: FaceContext, identity: Identity, request: { revision: Long }) {
  requireAdmin(identity);
  await face.store.compact(longToNumber(request.revision));
  const { current } = await face.store.revisions();
  return { header: face.header(current) };
}
