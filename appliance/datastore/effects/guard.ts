/** Conditions effects answer with, as comparisons of the store. Pure. */
import type { Compare, Entry, KeyRange, Revision } from '../store.ts';

/** The key is there. */
export function present(key: Buffer): Compare {
  return { key, target: 'create', operand: 0, result: 'greater' };
}

/** The key is not there. */
export function absent(key: Buffer): Compare {
  return { key, target: 'create', operand: 0, result: 'equal' };
}

/** The key is still at the revision it was read at. */
export function unchanged(entry: Entry): Compare {
  return { key: entry.key, target: 'mod', operand: entry.modRevision, result: 'equal' };
}

/** Nothing in the range was written after `revision` (deletions do not count). */
export function quietSince(range: KeyRange, revision: Revision): Compare {
  return { ...range, target: 'mod', operand: revision + 1, result: 'less' };
}
