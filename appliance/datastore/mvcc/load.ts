/**
 * Reads a database into memory at open, and refuses one that contradicts itself: damaged records, missing revisions, keys whose newest
 * state is not the one the log tells of. All or nothing. I/O.
 */
import { storeErrors } from '../errors.ts';
import type { Revision } from '../store.ts';
import { type Database, readFirst, SharedSnapshot, scan } from './database.ts';
import { KeyIndex } from './key-index.ts';
import {
  currentBounds,
  type Key,
  leaseBounds,
  logBounds,
  markKey,
  parseCurrentKey,
  parseLeaseKey,
  parseLogKey,
} from './keys.ts';
import { LeaseKeys } from './lease-keys.ts';
import { decodeKeyState, decodeLog, decodeNumber, encodeNumber, type LogEvent } from './records.ts';
import type { State } from './state.ts';

/** Of the records and their places; a database of a later one is refused. */
export const format = 1;
const firstRevision = 1;

/** Reads everything that is kept in memory. STORE_CORRUPT names what is wrong. */
export async function load(database: Database): Promise<State> {
  await claim(database);
  const shared = new SharedSnapshot(database);
  const compacted = readMark(database, 'compacted');
  const cleaned = readMark(database, 'cleaned');
  const leases = await loadLeases(database, shared);
  const index = await loadIndex(database, shared, leases);
  const revision = await checkLog(database, shared, compacted, index);
  return { database, shared, revision, compacted, cleaned, index, leases };
}

/** An empty database becomes ours; another's, or one of a later version, is left alone. */
async function claim(database: Database): Promise<void> {
  const key = markKey('format');
  const record = database.getSync(key, {});
  if (record !== undefined) {
    const found = decodeNumber(key, record);
    if (found > format) throw storeErrors.fail('STORE_NEWER', `format ${found}, this one reads up to ${format}`);
    if (found !== format) throw storeErrors.fail('STORE_CORRUPT', `format ${found} was never written`);
    return;
  }
  const everything = { gte: Buffer.alloc(0), lt: Buffer.from([0xff]) };
  const [first] = await readFirst(database, everything, 1);
  if (first !== undefined) throw storeErrors.fail('STORE_CORRUPT', 'the database has keys but no format mark');
  await database.batch([{ type: 'put', key, value: encodeNumber(key, format) }], { sync: true });
}

function readMark(database: Database, name: 'compacted' | 'cleaned'): number {
  const key = markKey(name);
  const record = database.getSync(key, {});
  return record === undefined ? 0 : decodeNumber(key, record);
}

async function loadLeases(database: Database, shared: SharedSnapshot): Promise<LeaseKeys> {
  const leases = new LeaseKeys();
  for await (const slice of scan(database, shared, leaseBounds())) {
    for (const [key, record] of slice) leases.grant(parseLeaseKey(key), decodeNumber(key, record));
  }
  return leases;
}

async function loadIndex(database: Database, shared: SharedSnapshot, leases: LeaseKeys): Promise<KeyIndex> {
  const index = new KeyIndex();
  for await (const slice of scan(database, shared, currentBounds({ start: '' }))) {
    for (const [place, record] of slice) {
      const key = parseCurrentKey(place);
      const state = decodeKeyState(place.subarray(1), record);
      if (state.lease !== 0n && leases.ttlSeconds(state.lease) === undefined) {
        throw storeErrors.fail('STORE_CORRUPT', `key ${JSON.stringify(key)} has the unknown lease ${state.lease}`);
      }
      index.set(key, state);
      leases.move(key, 0n, state.lease);
    }
  }
  return index;
}

/** Checks that no revision is missing and that the last change of each key is its newest state; gives the newest revision. */
async function checkLog(
  database: Database,
  shared: SharedSnapshot,
  compacted: Revision,
  index: KeyIndex,
): Promise<Revision> {
  let newest = Math.max(compacted - 1, firstRevision);
  const last = new Map<Key, Revision>();
  for await (const slice of scan(database, shared, logBounds(newest + 1))) {
    for (const [place, record] of slice) {
      const revision = parseLogKey(place);
      if (revision !== newest + 1) throw storeErrors.fail('STORE_CORRUPT', `revision ${newest + 1} is missing`);
      newest = revision;
      for (const event of decodeLog(revision, record)) note(last, event, revision);
    }
  }
  if (newest < compacted) throw storeErrors.fail('STORE_CORRUPT', `revision ${compacted} is missing`);
  checkKeys(last, index, Math.max(compacted, firstRevision), newest);
  return newest;
}

function note(last: Map<Key, Revision>, event: LogEvent, revision: Revision): void {
  last.set(event.key, event.type === 'put' ? revision : -revision);
}

function checkKeys(last: ReadonlyMap<Key, Revision>, index: KeyIndex, first: Revision, newest: Revision): void {
  for (const [key, revision] of last) {
    const found = index.get(key)?.modRevision;
    if (found === (revision > 0 ? revision : undefined)) continue;
    const wanted = revision > 0 ? `was written by revision ${revision}` : `was deleted by revision ${-revision}`;
    throw storeErrors.fail('STORE_CORRUPT', `key ${JSON.stringify(key)} ${wanted} but is at ${found ?? 'none'}`);
  }
  const { keys, states } = index.select({ start: '' });
  states.forEach(({ modRevision }, i) => {
    if (modRevision <= newest && (modRevision < first || last.has(keys[i]!))) return;
    throw storeErrors.fail(
      'STORE_CORRUPT',
      `key ${JSON.stringify(keys[i])} is at ${modRevision}, which no log tells of`,
    );
  });
}
