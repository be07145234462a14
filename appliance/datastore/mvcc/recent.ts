/**
 * What a span held a few revisions ago: the keys of now, less what the log says has changed since, plus what that has replaced. Costs what
 * is asked for and what has changed, so a list in pages at one revision stays cheap while others write. I/O.
 */
import { storeErrors } from '../errors.ts';
import type { Entry, RangeRequest, Revision } from '../store.ts';
import { scan } from './database.ts';
import { isIn, type Key, logBounds, logKey, parseLogKey, type Span } from './keys.ts';
import { decodeLog } from './records.ts';
import { compactedError, readVersion, type State } from './state.ts';
import { bareEntry, readValues, withoutValue } from './values.ts';

/** The first entries of a span, as many as were asked for, and how many there are. */
export interface Found {
  readonly entries: readonly Entry[];
  readonly count: number;
}

/** The keys of a span that have changed: the revision of the state each had before, 0 for none. */
type Replaced = Map<Key, Revision>;

/** So few records are read at once, without giving others the time to write more. */
const syncRevisionsMax = 32;

/** Reads a span as of `revision`. STORE_COMPACTED when that is forgotten meanwhile. */
export async function readRecent(state: State, span: Span, revision: Revision, request: RangeRequest): Promise<Found> {
  const replaced: Replaced = new Map();
  let reached = revision;
  while (state.revision - reached > syncRevisionsMax) {
    const end = state.revision;
    await noteLogs(replaced, state, span, { first: reached + 1, end: end + 1 });
    reached = end;
  }
  if (revision < state.compacted) throw compactedError(revision, state.compacted);
  while (reached < state.revision) noteLog(replaced, span, ++reached, readLog(state, reached));
  return join(state, span, replaced, request);
}

/** Nothing is awaited from the last log read to the start of the scan, so all of it is of one revision. */
async function join(state: State, span: Span, replaced: Replaced, request: RangeRequest): Promise<Found> {
  const limit = (request.countOnly ? 1 : request.limit) || Number.POSITIVE_INFINITY;
  const select = Number.isFinite(limit) ? limit + replaced.size : 0;
  const { keys, states, count } = state.index.select(span, select);
  const newKeys = [...replaced.keys()].filter((key) => state.index.get(key) !== undefined);
  const oldKeys = [...replaced.keys()].filter((key) => replaced.get(key)! > 0).sort();
  const total = count - newKeys.length + oldKeys.length;
  if (request.countOnly) return { entries: [], count: total };
  const old = oldKeys.slice(0, limit).map((key) => readReplaced(state, key, replaced.get(key)!));
  if (request.keysOnly) {
    const bare = keys.flatMap((key, i) => (replaced.has(key) ? [] : [bareEntry(key, states[i]!)]));
    return { entries: merge(bare, old.map(withoutValue), limit), count: total };
  }
  const kept = keys.filter((key) => !replaced.has(key)).slice(0, limit);
  const untouched = await readValues(state, kept, (key) => replaced.has(key));
  return { entries: merge(untouched, old, limit), count: total };
}

async function noteLogs(replaced: Replaced, state: State, span: Span, part: { first: Revision; end: Revision }) {
  for await (const slice of scan(state.database, state.shared, logBounds(part.first, part.end))) {
    for (const [place, record] of slice) noteLog(replaced, span, parseLogKey(place), record);
  }
}

/** The first change after the revision asked for knows the state of then. */
function noteLog(replaced: Replaced, span: Span, revision: Revision, record: Buffer): void {
  for (const { key, previous } of decodeLog(revision, record)) {
    if (isIn(key, span) && !replaced.has(key)) replaced.set(key, previous);
  }
}

function readLog(state: State, revision: Revision): Buffer {
  const record = state.database.getSync(logKey(revision), { snapshot: state.shared.snapshot });
  if (record === undefined) throw storeErrors.fail('STORE_CORRUPT', `revision ${revision} is missing`);
  return record;
}

function readReplaced(state: State, key: Key, revision: Revision): Entry {
  const entry = readVersion(state, key, revision);
  if (entry !== undefined) return entry;
  throw storeErrors.fail('STORE_CORRUPT', `revision ${revision} of key ${JSON.stringify(key)} is missing`);
}

function merge(untouched: readonly Entry[], old: readonly Entry[], limit: number): readonly Entry[] {
  const all = old.length === 0 ? untouched : [...untouched, ...old].sort((a, b) => Buffer.compare(a.key, b.key));
  return all.length > limit ? all.slice(0, limit) : all;
}
