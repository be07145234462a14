/**
 * A range as etcd offers it on top of a range as the store answers it: bounds on revisions, orders other than by key, and
 * the limit after both. Pure.
 */
import type { Entry, KeyRange, RangeRequest, RangeResult } from '../datastore/store.ts';
import { longToNumber, type WireRangeRequest } from './wire.ts';

const ORDER = { none: 0, ascend: 1, descend: 2 } as const;
const TARGET = { key: 0, version: 1, create: 2, mod: 3, value: 4 } as const;

/** The store's part of a range: everything, when the limit can only be applied after filtering or sorting. */
export function storeRange(request: WireRangeRequest): RangeRequest {
  const revision = longToNumber(request.revision);
  const limit = longToNumber(request.limit);
  return {
    key: request.key,
    ...rangeEndOf(request.range_end),
    ...(revision > 0 ? { revision } : {}),
    ...(limit > 0 && !needsAll(request) ? { limit } : {}),
    keysOnly: request.keys_only && !sortsByValue(request),
    countOnly: request.count_only,
  };
}

/** `rangeEnd` when the client gave one; etcd takes an empty one for "this key only". */
export function rangeEndOf(rangeEnd: Buffer): Pick<KeyRange, 'rangeEnd'> {
  return rangeEnd.length === 0 ? {} : { rangeEnd };
}

/** The entries a client asked for, in its order, and whether its limit cut them. */
export function shapeRange(
  request: WireRangeRequest,
  result: RangeResult,
): { readonly entries: readonly Entry[]; readonly more: boolean } {
  if (request.count_only || !needsAll(request)) return result;
  const limit = longToNumber(request.limit);
  const kept = result.entries.filter(withinBounds(request)).sort(ordering(request));
  const cut = limit > 0 && kept.length > limit;
  const entries = cut ? kept.slice(0, limit) : kept;
  return { entries: request.keys_only ? entries.map(withoutValue) : entries, more: cut };
}

function needsAll(request: WireRangeRequest): boolean {
  return sortOrder(request) !== ORDER.none || bounds(request).some((bound) => bound !== 0);
}

/** Keys come in ascending order anyway; a target without an order means ascending. */
function sortOrder(request: WireRangeRequest): number {
  if (request.sort_target === TARGET.key) {
    return request.sort_order === ORDER.descend ? ORDER.descend : ORDER.none;
  }
  return request.sort_order === ORDER.none ? ORDER.ascend : request.sort_order;
}

function sortsByValue(request: WireRangeRequest): boolean {
  return request.sort_target === TARGET.value;
}

function bounds(request: WireRangeRequest): number[] {
  return [
    request.min_mod_revision,
    request.max_mod_revision,
    request.min_create_revision,
    request.max_create_revision,
  ].map(longToNumber);
}

function withinBounds(request: WireRangeRequest): (entry: Entry) => boolean {
  const [modMin = 0, modMax = 0, createMin = 0, createMax = 0] = bounds(request);
  return (entry) =>
    entry.modRevision >= modMin &&
    (modMax === 0 || entry.modRevision <= modMax) &&
    entry.createRevision >= createMin &&
    (createMax === 0 || entry.createRevision <= createMax);
}

function ordering(request: WireRangeRequest): (a: Entry, b: Entry) => number {
  const order = sortOrder(request);
  if (order === ORDER.none) return () => 0;
  const compare = comparators[request.sort_target] ?? byKey;
  return order === ORDER.descend ? (a, b) => compare(b, a) : compare;
}

const byKey = (a: Entry, b: Entry) => a.key.compare(b.key);
const comparators: Readonly<Record<number, (a: Entry, b: Entry) => number>> = {
  [TARGET.key]: byKey,
  [TARGET.version]: (a, b) => a.version - b.version,
  [TARGET.create]: (a, b) => a.createRevision - b.createRevision,
  [TARGET.mod]: (a, b) => a.modRevision - b.modRevision,
  [TARGET.value]: (a, b) => a.value.compare(b.value),
};

function withoutValue(entry: Entry): Entry {
  return { ...entry, value: Buffer.alloc(0) };
}
