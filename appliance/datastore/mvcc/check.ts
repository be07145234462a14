/** Refuses requests that no state could make right: empty keys, too many or too large operations, keys written twice. Pure. */
import { storeErrors } from '../errors.ts';
import type { KeyRange, Op, TxnRequest } from '../store.ts';
import { isIn, type Key, type Span, toKey, toSpan } from './keys.ts';

/** What one request may ask for; the defaults are etcd's, so what passes here passes there. */
export interface RequestLimits {
  readonly operationsMax: number;
  readonly requestBytesMax: number;
}

export const defaultLimits: RequestLimits = { operationsMax: 128, requestBytesMax: 1.5 * 1024 * 1024 };

interface Writes {
  readonly puts: Set<Key>;
  readonly deletes: Span[];
}

/** STORE_EMPTY_KEY for a range without a start. */
export function checkKey({ key }: KeyRange): void {
  if (key.length === 0) throw storeErrors.fail('STORE_EMPTY_KEY');
}

/** STORE_EMPTY_KEY, STORE_TOO_LARGE or STORE_DUPLICATE_KEY when the transaction can never run. */
export function checkTxn(request: TxnRequest, limits: RequestLimits): void {
  const bytes = checkShape(request, limits);
  if (bytes > limits.requestBytesMax) throw storeErrors.fail('STORE_TOO_LARGE', `${bytes} bytes`);
  collectWrites(request.success);
  collectWrites(request.failure);
}

/** Checks keys and counts at every depth; gives the bytes of all keys and values. */
function checkShape({ compare, success, failure }: TxnRequest, limits: RequestLimits): number {
  const most = Math.max(compare.length, success.length, failure.length);
  if (most > limits.operationsMax) throw storeErrors.fail('STORE_TOO_LARGE', `${most} operations`);
  let bytes = 0;
  for (const condition of compare) {
    checkKey(condition);
    bytes += condition.key.length + (condition.target === 'value' ? condition.operand.length : 0);
  }
  for (const op of [...success, ...failure]) bytes += checkOp(op, limits);
  return bytes;
}

function checkOp(op: Op, limits: RequestLimits): number {
  if (op.type === 'txn') return checkShape(op, limits);
  checkKey(op);
  return op.key.length + (op.type === 'put' ? op.value.length : 0);
}

/** One key changes once in a transaction, whichever branches run; only the two branches of one nested transaction may overlap. */
function collectWrites(ops: readonly Op[]): Writes {
  const all: Writes = { puts: new Set(), deletes: [] };
  for (const op of ops) {
    const writes = writesOf(op);
    for (const key of writes.puts) {
      if (all.puts.has(key) || all.deletes.some((span) => isIn(key, span))) throw duplicate(key);
    }
    for (const span of writes.deletes) {
      for (const key of all.puts) if (isIn(key, span)) throw duplicate(key);
    }
    for (const key of writes.puts) all.puts.add(key);
    all.deletes.push(...writes.deletes);
  }
  return all;
}

function writesOf(op: Op): Writes {
  if (op.type === 'put') return { puts: new Set([toKey(op.key)]), deletes: [] };
  if (op.type === 'delete') return { puts: new Set(), deletes: [toSpan(op)] };
  if (op.type === 'range') return { puts: new Set(), deletes: [] };
  const yes = collectWrites(op.success);
  const no = collectWrites(op.failure);
  return { puts: yes.puts.union(no.puts), deletes: [...yes.deletes, ...no.deletes] };
}

function duplicate(key: Key) {
  return storeErrors.fail('STORE_DUPLICATE_KEY', JSON.stringify(key));
}
