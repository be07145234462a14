/**
 * Range reads: at the newest state (keys from memory, values from disk) or at an older revision (from the history).
 * What is read is fixed when the function is called; values may arrive later, from the snapshot of that moment. I/O.
 */
import { storeErrors } from '../errors.ts';
import type { Entry, RangeRequest, RangeResult, Revision } from '../store.ts';
import { readAt } from './at-revision.ts';
import { scan } from './database.ts';
import type { Draft } from './draft.ts';
import type { Selection } from './key-index.ts';
import { currentBounds, type Key, type Span, toBytes, toSpan } from './keys.ts';
import type { KeyState } from './records.ts';
import { liveEntry, readCurrent, type State } from './state.ts';

const syncReadsMax = 32;

/** Reads a range of what is committed. Small answers come at once, large ones as a promise. */
export function readRange(state: State, request: RangeRequest): RangeResult | Promise<RangeResult> {
  const revision = wantedRevision(request, state.revision, state);
  const span = toSpan(request);
  if (revision !== 0) return readOld(state, request, span, revision, state.revision);
  const selection = state.index.select(span, request.countOnly ? 1 : request.limit);
  if (request.countOnly) return result(state.revision, [], selection.count, false);
  if (request.keysOnly) return cut(state.revision, bare(selection), selection.count);
  if (selection.keys.length > syncReadsMax) return readMany(state, selection);
  const entries = selection.keys.map((key) => readCurrent(state, key));
  return cut(state.revision, entries, selection.count);
}

/** Reads a range as a running transaction sees it, its own writes and those of its group included. */
export function readRangeIn(draft: Draft, request: RangeRequest): RangeResult | Promise<RangeResult> {
  if (draft.changedKeys.size === 0) return readRange(draft.state, request);
  const revision = wantedRevision(request, draft.revision, draft.state);
  const span = toSpan(request);
  if (revision !== 0) return readOld(draft.state, request, span, revision, draft.reached);
  const selection = draft.select(span, request.limit);
  if (request.countOnly) return result(draft.reached, [], selection.count, false);
  const entries = request.keysOnly ? bare(selection) : selection.keys.map((key) => draft.entry(key)!);
  return cut(draft.reached, entries, selection.count);
}

/** Throws unless the revision asked for can be read; 0 means the newest. */
export function wantedRevision(request: RangeRequest, newest: Revision, state: State): Revision {
  const revision = request.revision ?? 0;
  if (revision <= 0 || revision === newest) return 0;
  if (revision > state.revision)
    throw storeErrors.fail('STORE_FUTURE_REVISION', `${revision}, the newest is ${newest}`);
  if (revision < state.compacted) throw compactedError(revision, state.compacted);
  return revision;
}

/** The error for what has been forgotten; says from where on there is history. */
export function compactedError(revision: Revision, compacted: Revision) {
  return storeErrors.fail('STORE_COMPACTED', `${revision}, the oldest is ${compacted}`, { details: { compacted } });
}

async function readOld(state: State, request: RangeRequest, span: Span, revision: Revision, header: Revision) {
  const all = await readAt(state, span, revision);
  if (request.countOnly) return result(header, [], all.length, false);
  const limited = request.limit ? all.slice(0, request.limit) : all;
  return cut(header, request.keysOnly ? limited.map(withoutValue) : limited, all.length);
}

async function readMany(state: State, selection: Selection): Promise<RangeResult> {
  const { keys, count } = selection;
  const revision = state.revision;
  const span = { start: keys[0]!, end: `${keys.at(-1)!}\0` };
  const entries: Entry[] = [];
  for await (const slice of scan(state.database, state.shared, currentBounds(span))) {
    for (const [bytes, record] of slice) entries.push(liveEntry(bytes, record));
  }
  if (entries.length !== keys.length) {
    const what = `${keys.length} keys from ${JSON.stringify(span.start)} on, but ${entries.length} values`;
    throw storeErrors.fail('STORE_CORRUPT', what);
  }
  return cut(revision, entries, count);
}

function bare(selection: Selection): Entry[] {
  return selection.keys.map((key, i) => bareEntry(key, selection.states[i]!));
}

function bareEntry(key: Key, { createRevision, modRevision, version, lease }: KeyState): Entry {
  return { key: toBytes(key), value: Buffer.alloc(0), createRevision, modRevision, version, lease };
}

function withoutValue(entry: Entry): Entry {
  return { ...entry, value: Buffer.alloc(0) };
}

function cut(revision: Revision, entries: readonly Entry[], count: number): RangeResult {
  return result(revision, entries, count, entries.length < count);
}

function result(revision: Revision, entries: readonly Entry[], count: number, more: boolean): RangeResult {
  return { revision, entries, more, count };
}
