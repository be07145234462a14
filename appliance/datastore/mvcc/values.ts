/** From keys of the index to entries: many at once by one scan, or without their values from memory alone. I/O. */
import { storeErrors } from '../errors.ts';
import type { Entry } from '../store.ts';
import { scan } from './database.ts';
import { currentBounds, type Key, toBytes, toKey } from './keys.ts';
import type { KeyState } from './records.ts';
import { liveEntry, type State } from './state.ts';

/**
 * The newest entries of `keys`, which the index has one after the other but for those that `isSkipped`. Fixed when called.
 * STORE_CORRUPT when the database has not the same keys.
 */
export async function readValues(
  state: State,
  keys: readonly Key[],
  isSkipped: (key: Key) => boolean = () => false,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  if (keys.length === 0) return entries;
  const span = { start: keys[0]!, end: `${keys.at(-1)!}\0` };
  for await (const slice of scan(state.database, state.shared, currentBounds(span))) {
    for (const [place, record] of slice) {
      const entry = liveEntry(place, record);
      if (!isSkipped(toKey(entry.key))) entries.push(entry);
    }
  }
  if (entries.length === keys.length) return entries;
  const what = `${keys.length} keys from ${JSON.stringify(span.start)} on, but ${entries.length} values`;
  throw storeErrors.fail('STORE_CORRUPT', what);
}

/** What is known of a live key without reading. */
export function bareEntry(key: Key, { createRevision, modRevision, version, lease }: KeyState): Entry {
  return { key: toBytes(key), value: Buffer.alloc(0), createRevision, modRevision, version, lease };
}

/** An entry as a list of keys shows it. */
export function withoutValue(entry: Entry): Entry {
  return { ...entry, value: Buffer.alloc(0) };
}
