/** What a span held at an older revision: keys not touched since, and from the history the state each other key had then. I/O. */
import type { Entry, Revision } from '../store.ts';
import { scan } from './database.ts';
import { currentBounds, historyBounds, type Key, parseHistoryKey, type Span, toBytes, toKey } from './keys.ts';
import { decodeState } from './records.ts';
import { liveEntry, type State } from './state.ts';

type Scan = ReturnType<typeof scan>;

/** All entries of `span` as of `revision`, in key order. Both scans start now, so later commits do not show. */
export function readAt(state: State, span: Span, revision: Revision): Promise<Entry[]> {
  const current = scan(state.database, state.shared, currentBounds(span));
  const history = scan(state.database, state.shared, historyBounds(span));
  return join(current, history, revision);
}

async function join(current: Scan, history: Scan, revision: Revision): Promise<Entry[]> {
  const [untouched, replaced] = await Promise.all([readUntouched(current, revision), readReplaced(history, revision)]);
  for (const entry of untouched) replaced.delete(toKey(entry.key));
  const old = [...replaced]
    .map(([key, record]) => decodeState(toBytes(key), record))
    .filter((entry) => entry !== undefined);
  return [...untouched, ...old].sort((a, b) => Buffer.compare(a.key, b.key));
}

async function readUntouched(current: Scan, revision: Revision): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const slice of current) {
    for (const [bytes, record] of slice) {
      const entry = liveEntry(bytes, record);
      if (entry.modRevision <= revision) entries.push(entry);
    }
  }
  return entries;
}

/** The last record of each key that is not newer than `revision`; the history of a key lies in order of revision. */
async function readReplaced(history: Scan, revision: Revision): Promise<Map<Key, Buffer>> {
  const records = new Map<Key, Buffer>();
  for await (const slice of history) {
    for (const [bytes, record] of slice) {
      const place = parseHistoryKey(bytes);
      if (place.revision <= revision) records.set(place.key, record);
    }
  }
  return records;
}
