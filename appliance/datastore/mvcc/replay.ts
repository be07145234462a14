/** Reads a piece of history for a watcher: the log says what changed, the states lie with their keys. I/O. */
import { storeErrors } from '../errors.ts';
import type { Revision, WatchEvent } from '../store.ts';
import { readFirst } from './database.ts';
import { deletedEntry } from './draft.ts';
import { isIn, logBounds, parseLogKey, type Span, toBytes } from './keys.ts';
import { decodeLog, type LogEvent } from './records.ts';
import { compactedError, readVersion, type State } from './state.ts';
import type { Slice } from './watcher.ts';

interface Wanted {
  readonly span: Span;
  readonly prevKv: boolean;
}

const revisionsMax = 500;
const eventsMax = 500;
const bytesMax = 1024 * 1024;

/** The wanted events from `first` on, as many revisions as make a slice. STORE_COMPACTED when `first` has been forgotten. */
export async function readSlice(state: State, wanted: Wanted, first: Revision): Promise<Slice> {
  const records = await readFirst(state.database, logBounds(first, state.revision + 1), revisionsMax);
  // The state may have moved on while the log was read; what follows runs without a pause.
  if (first < state.compacted) throw compactedError(first, state.compacted);
  const events: WatchEvent[] = [];
  let next = first;
  let bytes = 0;
  for (const [place, record] of records) {
    if (events.length >= eventsMax || bytes >= bytesMax) break;
    if (parseLogKey(place) !== next) throw storeErrors.fail('STORE_CORRUPT', `revision ${next} is missing`);
    for (const change of decodeLog(next, record)) {
      if (!isIn(change.key, wanted.span)) continue;
      const event = readEvent(state, change, next, wanted.prevKv);
      bytes += event.entry.value.length + change.key.length;
      events.push(event);
    }
    next++;
  }
  return { next, events };
}

function readEvent(state: State, change: LogEvent, revision: Revision, prevKv: boolean): WatchEvent {
  // The state before the oldest readable revision may be gone.
  const before = prevKv && change.previous > 0 ? readVersion(state, change.key, change.previous) : undefined;
  const prev = before === undefined ? {} : { prev: before };
  if (change.type === 'delete') return { type: 'delete', entry: deletedEntry(toBytes(change.key), revision), ...prev };
  const entry = readVersion(state, change.key, revision);
  if (entry !== undefined) return { type: 'put', entry, ...prev };
  throw storeErrors.fail('STORE_CORRUPT', `revision ${revision} of key ${JSON.stringify(change.key)} is missing`);
}
