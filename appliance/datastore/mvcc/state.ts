/**
 * The committed state: what the last durable batch left behind. Readers take its snapshot, the writer alone moves it on.
 * The database may already hold the next batch while it is being synced; nobody looks there. I/O (synchronous reads).
 */
import { storeErrors } from '../errors.ts';
import type { Entry, Revision } from '../store.ts';
import type { Database, SharedSnapshot } from './database.ts';
import type { KeyIndex } from './key-index.ts';
import { currentKey, historyKey, type Key, toBytes, toKey } from './keys.ts';
import type { LeaseKeys } from './lease-keys.ts';
import { decodeState } from './records.ts';

/** What is read from disk at open, and kept up to date from then on. */
export interface Loaded {
  revision: Revision;
  /** The oldest revision that may be read; 0 when nothing was ever forgotten. */
  compacted: Revision;
  /** Up to here the database has been cleaned of what compaction made unreadable. */
  cleaned: Revision;
  index: KeyIndex;
  leases: LeaseKeys;
}

/** One object for the life of a store; after an I/O error it is filled anew from disk. */
export interface State extends Loaded {
  database: Database;
  shared: SharedSnapshot;
}

/** The newest committed entry of a key that the index has. STORE_CORRUPT when the database lacks it. */
export function readCurrent(state: State, key: Key): Entry {
  const place = currentKey(key);
  const record = state.database.getSync(place, { snapshot: state.shared.snapshot });
  if (record === undefined) throw storeErrors.fail('STORE_CORRUPT', `key ${JSON.stringify(key)} has no value`);
  return liveEntry(place, record);
}

/** The entry that `revision` wrote, wherever it lies now; undefined when it has been forgotten. */
export function readVersion(state: State, key: Key, revision: Revision): Entry | undefined {
  if (state.index.get(key)?.modRevision === revision) return readCurrent(state, key);
  const record = state.database.getSync(historyKey(key, revision), { snapshot: state.shared.snapshot });
  return record === undefined ? undefined : decodeState(toBytes(key), record);
}

/** The error for what has been forgotten; says from where on there is history. */
export function compactedError(revision: Revision, compacted: Revision) {
  return storeErrors.fail('STORE_COMPACTED', `${revision}, the oldest is ${compacted}`, { details: { compacted } });
}

/** The entry of a record under `c`. STORE_CORRUPT when it is damaged. */
export function liveEntry(place: Buffer, record: Buffer): Entry {
  const key = place.subarray(1);
  const entry = decodeState(key, record);
  if (entry !== undefined) return entry;
  throw storeErrors.fail('STORE_CORRUPT', `key ${JSON.stringify(toKey(key))} is marked as deleted`);
}
