/**
 * Holds each request against its sender's rules before the store sees it. A write that is allowed because of what is stored is made to
 * depend on just that, in the same transaction, so nothing can slip in between. I/O through the store.
 */
import type {
  Compare,
  Entry,
  KeyRange,
  Op,
  PutOp,
  Revision,
  Store,
  TxnRequest,
  TxnResult,
} from '../../datastore/store.ts';
import { RefusalError, refusals } from '../status.ts';
import type { Identity } from './identity.ts';
import { ownerships } from './ownership.ts';
import { isWithin } from './pattern.ts';
import { nodeReads, nodeWrites } from './rules.ts';

/** How often a write is judged anew when what it depends on has changed meanwhile. */
const attemptsMax = 10;

/** Refuses all but administrators. */
export function requireAdmin(identity: Identity): void {
  if (identity.type !== 'admin') throw denied();
}

/** Refuses whoever is entitled to nothing. */
export function requireKnown(identity: Identity): void {
  if (identity.type === 'nobody') throw denied();
}

/** Refuses to read a range that is not the sender's to read. */
export function requireRead(identity: Identity, range: KeyRange): void {
  if (identity.type === 'admin') return;
  const isAllowed = identity.type === 'node' && nodeReads.some((pattern) => isWithin(range, pattern, identity.node));
  if (!isAllowed) throw denied();
}

/** Carries out a transaction if all of it, both branches and what is nested in them, is the sender's to do. */
export async function permittedTxn(store: Store, identity: Identity, request: TxnRequest): Promise<TxnResult> {
  if (identity.type === 'admin') return store.txn(request);
  if (identity.type === 'nobody') throw denied();
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const seen = new Map<string, Revision>();
    await requireTxn(store, identity.node, request, seen);
    if (seen.size === 0) return store.txn(request);
    const compare = [...seen].map(([key, operand]): Compare => {
      return { key: Buffer.from(key, 'latin1'), target: 'mod', operand, result: 'equal' };
    });
    const guarded = await store.txn({ compare, success: [{ type: 'txn', ...request }], failure: [] });
    const [inner] = guarded.results;
    if (inner?.type === 'txn') return inner;
  }
  throw new RefusalError(refusals.timeout);
}

/** Refuses a lease that holds a key the sender may not write: the lease's end is the key's. */
export async function requireLease(store: Store, identity: Identity, id: bigint): Promise<void> {
  if (identity.type === 'admin') return;
  if (identity.type === 'nobody') throw denied();
  const { keys } = await store.leaseTimeToLive(id, true);
  for (const key of keys) await requireDelete(store, identity.node, { key }, new Map());
}

async function requireTxn(store: Store, node: string, request: TxnRequest, seen: Map<string, Revision>): Promise<void> {
  for (const compare of request.compare) requireRead(nodeIdentity(node), compare);
  for (const op of [...request.success, ...request.failure]) await requireOp(store, node, op, seen);
}

async function requireOp(store: Store, node: string, op: Op, seen: Map<string, Revision>): Promise<void> {
  if (op.type === 'range') return requireRead(nodeIdentity(node), op);
  if (op.type === 'txn') return requireTxn(store, node, op, seen);
  if (op.type === 'delete') return requireDelete(store, node, op, seen);
  await requirePut(store, node, op, seen);
  const lease = op.lease ?? 0n;
  if (lease !== 0n && op.ignoreLease !== true) await requireLease(store, nodeIdentity(node), lease);
}

function requirePut(store: Store, node: string, op: PutOp, seen: Map<string, Revision>): Promise<void> {
  const range = { key: op.key };
  return requireWrite(store, node, range, op.ignoreValue ? undefined : op.value, seen);
}

function requireDelete(store: Store, node: string, range: KeyRange, seen: Map<string, Revision>): Promise<void> {
  return requireWrite(store, node, range, undefined, seen);
}

async function requireWrite(
  store: Store,
  node: string,
  range: KeyRange,
  value: Buffer | undefined,
  seen: Map<string, Revision>,
): Promise<void> {
  const rule = nodeWrites.find(({ pattern }) => isWithin(range, pattern, node));
  if (rule === undefined) throw denied();
  if (rule.when === undefined) return;
  if (range.rangeEnd !== undefined) throw denied();
  const write = { node, key: range.key.toString('latin1'), value };
  if (!(await ownerships[rule.when](write, rememberingReader(store, seen)))) throw denied();
}

function rememberingReader(store: Store, seen: Map<string, Revision>) {
  return async (key: string): Promise<Entry | undefined> => {
    const entry = (await store.range({ key: Buffer.from(key, 'latin1') })).entries[0];
    if (!seen.has(key)) seen.set(key, entry?.modRevision ?? 0);
    return entry;
  };
}

function nodeIdentity(node: string): Identity {
  return { type: 'node', name: node, node };
}

function denied(): RefusalError {
  return new RefusalError(refusals.permissionDenied);
}
