/** What a transaction does to keys at a revision: a plain reading of the contract, of which the checker's model in Go knows nothing. Pure. */
import {
  isInRange,
  type RecordedCompare,
  type RecordedEntry,
  type RecordedEvent,
  type RecordedOp,
} from '../history.ts';

/** The live keys at one revision. Never changed in place. */
export type Keys = ReadonlyMap<string, RecordedEntry>;

interface Branches {
  readonly compare: readonly RecordedCompare[];
  readonly success: readonly RecordedOp[];
  readonly failure: readonly RecordedOp[];
}

/** The events of a transaction that runs on `before` and commits as `revision`. */
export function eventsOf(txn: Branches, before: Keys, revision: number): RecordedEvent[] {
  const keys = new Map(before);
  const ops = txn.compare.every((compare) => holds(compare, before.get(compare.key))) ? txn.success : txn.failure;
  const events: RecordedEvent[] = [];
  for (const op of ops) {
    const changes =
      op.type === 'put' ? [written(op, keys, revision)] : op.type === 'delete' ? deleted(op, keys, revision) : [];
    for (const event of changes) apply(keys, event);
    events.push(...changes);
  }
  return events;
}

/** The keys after some events. */
export function keysAfter(before: Keys, events: readonly RecordedEvent[]): Keys {
  const keys = new Map(before);
  for (const event of events) apply(keys, event);
  return keys;
}

/** The entries of a range, in key order. */
export function entriesIn(keys: Keys, range: { readonly key: string; readonly end: string }): RecordedEntry[] {
  const entries = [...keys.values()].filter(({ key }) => isInRange(key, range));
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function apply(keys: Map<string, RecordedEntry>, { type, entry }: RecordedEvent): void {
  if (type === 'put') keys.set(entry.key, entry);
  else keys.delete(entry.key);
}

function written(op: RecordedOp & { type: 'put' }, keys: Keys, revision: number): RecordedEvent {
  const { key, value, lease } = op;
  const prev = keys.get(key) ?? null;
  const version = (prev?.version ?? 0) + 1;
  const entry = { key, value, create: prev?.create ?? revision, mod: revision, version, lease };
  return { type: 'put', entry, prev };
}

function deleted(op: RecordedOp & { type: 'delete' }, keys: Keys, revision: number): RecordedEvent[] {
  return entriesIn(keys, op).map((prev) => deletion(prev, revision));
}

/** The event of a key that goes. */
export function deletion(prev: RecordedEntry, revision: number): RecordedEvent {
  const entry = { key: prev.key, value: '', create: 0, mod: revision, version: 0, lease: '0' };
  return { type: 'delete', entry, prev };
}

function holds({ target, result, number, text }: RecordedCompare, entry: RecordedEntry | undefined): boolean {
  if (target === 'value' && entry === undefined) return false;
  const [found, wanted] = target === 'value' ? [entry!.value, text] : [entry?.[target] ?? 0, number];
  if (result === 'equal') return found === wanted;
  if (result === 'notEqual') return found !== wanted;
  return result === 'greater' ? found > wanted : found < wanted;
}
