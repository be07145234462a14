/**
 * The watch contract against the timeline: whole revisions in order, no gap, no repeat, previous values right, nothing ahead of its time,
 * and an end by compaction only where there was one. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { isInRange, type Operation, type RecordedBatch, type RecordedEvent, type WatchRecord } from '../history.ts';
import type { Timeline } from './timeline.ts';
import type { Attribution } from './writes.ts';

export interface WatchContext {
  readonly timeline: Timeline;
  readonly askedAt: Attribution['askedAt'];
  readonly compactions: readonly Operation<'compact'>[];
  /** One server answers all: none is behind another. */
  readonly isSingle: boolean;
}

/** How a watch may end through no fault of the store's promise. */
const harmless = ['', 'closed', 'STORE_UNAVAILABLE', 'STORE_CLOSED', 'STORE_WATCH_OVERFLOW'];

/** Everything one watch got wrong. */
export function checkWatch(watch: WatchRecord, context: WatchContext): string[] {
  const problems: string[] = [];
  let reached = startOf(watch);
  if (watch.start === 0) problems.push(...checkStart(watch, reached, context));
  for (const batch of watch.batches) {
    problems.push(...checkBatch(watch, batch, reached, context));
    reached = Math.max(reached, batch.revision);
  }
  problems.push(...checkEnding(watch, reached, context));
  return problems.map((problem) => `watch ${watch.watcher} from ${watch.start}: ${problem}`);
}

/** The last revision before the watch. One that starts now begins with what it tells first. */
function startOf({ start, batches, knownAtCall }: WatchRecord): number {
  if (start > 0) return start - 1;
  const first = batches[0];
  if (first === undefined) return knownAtCall;
  return first.events.length > 0 ? first.events[0]!.entry.mod - 1 : first.revision;
}

/** A watch that starts now tells nothing that was known before, and all that was asked for after it existed. */
function checkStart(watch: WatchRecord, reached: number, { timeline, askedAt, isSingle }: WatchContext): string[] {
  if (watch.batches.length === 0) return [];
  if (isSingle && reached < watch.knownAtCall)
    return [`tells of ${reached + 1}, but ${watch.knownAtCall} was known before`];
  const missed = timeline
    .eventsIn(watch, watch.knownAtCall, reached)
    .filter(({ entry }) => isAskedAfter(askedAt, entry.mod, watch.opened));
  return missed.map((event) => `misses ${JSON.stringify(event)}, asked for after it existed`);
}

function checkBatch(watch: WatchRecord, batch: RecordedBatch, reached: number, context: WatchContext): string[] {
  const { timeline, askedAt, compactions, isSingle } = context;
  if (batch.revision < reached) return [`goes back from ${reached} to ${batch.revision}`];
  if (batch.revision > timeline.last) return [`is at ${batch.revision}, the store only at ${timeline.last}`];
  if (isAskedAfter(askedAt, batch.revision, batch.at)) return [`knew of ${batch.revision} before it was asked for`];
  const expected = timeline.eventsIn(watch, reached, batch.revision);
  if (!sameEvents(batch, expected, watch.prevKv, compactedBy(compactions, batch.at)))
    return [`told ${JSON.stringify(batch)} after ${reached}, expected ${JSON.stringify(expected)}`];
  const gone = isSingle ? compactedBefore(compactions, watch.call) : 0;
  const first = batch.events[0]?.entry.mod ?? gone;
  return first < gone ? [`told of ${first}, compacted at ${gone} before`] : [];
}

function isAskedAfter(askedAt: WatchContext['askedAt'], revision: number, at: number): boolean {
  return (askedAt.get(revision) ?? at) > at;
}

function sameEvents(
  { events }: RecordedBatch,
  expected: readonly RecordedEvent[],
  prevKv: boolean,
  gone: number,
): boolean {
  return (
    events.length === expected.length &&
    events.every(({ type, entry, prev }, i) => {
      const wanted = expected[i]!;
      if (type !== wanted.type || !isDeepStrictEqual(entry, wanted.entry)) return false;
      // A previous value is history too, and goes with it.
      if (prev === null) return !prevKv || wanted.prev === null || entry.mod <= gone;
      return prevKv && isDeepStrictEqual(prev, wanted.prev);
    })
  );
}

function checkEnding(watch: WatchRecord, reached: number, { compactions }: WatchContext): string[] {
  if (harmless.includes(watch.ending)) return [];
  if (watch.ending !== 'STORE_COMPACTED') return [`ended with ${watch.ending}`];
  const gone = compactedBy(compactions, watch.ended);
  // Where it was compacted a watch may be refused: the client does not trust etcd there.
  return gone > reached ? [] : [`ended as compacted after ${reached}, but compacted was ${gone} at most`];
}

/** The highest revision that may have been compacted at, by then. */
export function compactedBy(compactions: readonly Operation<'compact'>[], at: number): number {
  return Math.max(0, ...compactions.filter((c) => c.call < at && c.outcome !== 'refused').map((c) => c.revision));
}

/** The highest revision that certainly had been compacted at before. */
export function compactedBefore(compactions: readonly Operation<'compact'>[], at: number): number {
  return Math.max(0, ...compactions.filter((c) => c.return < at && c.outcome === 'ok').map((c) => c.revision));
}

/** Events on the watch's range; for counting. */
export function eventCount(watches: readonly WatchRecord[]): number {
  return watches.reduce(
    (sum, w) => sum + w.batches.flatMap((b) => b.events.filter((e) => isInRange(e.entry.key, w))).length,
    0,
  );
}
