/**
 * Range reads: at the newest state (keys from memory, values from disk) or at an older revision (from the history).
 * What is read is fixed when the function is called; values may arrive later, from the snapshot of that moment. I/O.
 */
import { storeErrors } from '../errors.ts';
import type { Entry, RangeRequest, RangeResult, Revision } from '../store.ts';
import { readAt } from './at-revision.ts';
import type { Draft } from './draft.ts';
import type { Selection } from './key-index.ts';
import { type Span, toSpan } from './keys.ts';
import { readRecent } from './recent.ts';
import { compactedError, readCurrent, type State } from './state.ts';
import { bareEntry, readValues, withoutValue } from './values.ts';

const syncReadsMax = 32;

/** Reads a range of what is committed. Small answers come at once, large ones as a promise. */
export function readRange(state: State, request: RangeRequest): RangeResult | Promise<RangeResult> {
  const revision = wantedRevision(request, state.revision, state);
  const span = toSpan(request);
  if (revision !== 0) return readOld(state, request, span, revision, state.revision);
  const selection = state.index.select(span, request.countOnly ? 1 : request.limit);
  if (request.countOnly) return result(state.revision, [], selection.count, false);
  if (request.keysOnly) return cut(state.revision, bare(selection), selection.count);
  if (selection.keys.length > syncReadsMax) {
    const { revision: header } = state;
    return readValues(state, selection.keys).then((entries) => cut(header, entries, selection.count));
  }
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

/** By way of the log or of the whole span and its history, whichever is less to read. */
async function readOld(state: State, request: RangeRequest, span: Span, revision: Revision, header: Revision) {
  if (state.revision - revision <= state.index.count(span)) {
    const { entries, count } = await readRecent(state, span, revision, request);
    return result(header, entries, count, !request.countOnly && entries.length < count);
  }
  const all = await readAt(state, span, revision);
  if (request.countOnly) return result(header, [], all.length, false);
  const limited = request.limit ? all.slice(0, request.limit) : all;
  return cut(header, request.keysOnly ? limited.map(withoutValue) : limited, all.length);
}

function bare(selection: Selection): Entry[] {
  return selection.keys.map((key, i) => bareEntry(key, selection.states[i]!));
}

function cut(revision: Revision, entries: readonly Entry[], count: number): RangeResult {
  return result(revision, entries, count, entries.length < count);
}

function result(revision: Revision, entries: readonly Entry[], count: number, more: boolean): RangeResult {
  return { revision, entries, more, count };
}
