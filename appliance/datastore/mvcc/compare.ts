/** Conditions of a transaction against a state of keys. I/O only where a value is compared. */
import type { Compare, Entry } from '../store.ts';
import type { Draft } from './draft.ts';
import { type Key, toSpan } from './keys.ts';
import type { KeyState } from './records.ts';

const absent: KeyState = { createRevision: 0, modRevision: 0, version: 0, lease: 0n };

/** True when the condition holds for the key, or for every key of the range. */
export function holds(draft: Draft, condition: Compare): boolean {
  if (condition.rangeEnd === undefined || condition.rangeEnd.length === 0) {
    return holdsFor(draft, toSpan(condition).start, condition);
  }
  const { keys } = draft.select(toSpan(condition));
  // etcd treats a range with nothing in it as one missing key.
  return keys.length === 0
    ? holdsFor(draft, toSpan(condition).start, condition)
    : keys.every((key) => holdsFor(draft, key, condition));
}

function holdsFor(draft: Draft, key: Key, condition: Compare): boolean {
  const order = compare(draft, key, condition);
  // A value that is not there is not equal, greater or less than anything.
  if (order === undefined) return false;
  if (condition.result === 'equal') return order === 0;
  if (condition.result === 'notEqual') return order !== 0;
  return condition.result === 'greater' ? order > 0 : order < 0;
}

function compare(draft: Draft, key: Key, condition: Compare): number | undefined {
  if (condition.target === 'value') return compareValue(draft.entry(key), condition.operand);
  const state = draft.keyState(key) ?? absent;
  if (condition.target === 'lease') return sign(state.lease, condition.operand);
  if (condition.target === 'version') return sign(state.version, condition.operand);
  return sign(condition.target === 'create' ? state.createRevision : state.modRevision, condition.operand);
}

function compareValue(entry: Entry | undefined, operand: Buffer): number | undefined {
  return entry === undefined ? undefined : Buffer.compare(entry.value, operand);
}

function sign<T extends number | bigint>(a: T, b: T): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
