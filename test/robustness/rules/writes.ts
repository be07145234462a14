/**
 * Which operation made which revision. What was acknowledged stands at its revision with its effect, what was refused stands nowhere,
 * an unknown write at most once, and no revision comes from nowhere. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Operation, RecordedEvent } from '../history.ts';
import { matchPlaces } from './matching.ts';
import { eventsOf } from './model.ts';
import type { Timeline } from './timeline.ts';

/** An operation that may change keys; a lease may end by itself once its time is over. */
export type Writing = Operation<'txn' | 'revoke'> | Expiry;

/** A lease that runs out, at `call` at the earliest. */
export interface Expiry {
  readonly kind: 'expire';
  readonly lease: string;
  readonly call: number;
  readonly outcome: 'unknown';
  readonly answer: null;
}

export interface Attribution {
  /** When a revision was asked for at the earliest, by any operation that could have made it. */
  readonly askedAt: ReadonlyMap<number, number>;
  /**
   * The operations whose end is unknown and that made a revision, with it. Of several that could have, any will do: each has just the effect
   * that was seen there. Leaving the choice to the search would have it try them all.
   */
  readonly candidates: ReadonlyMap<Writing, readonly number[]>;
  readonly problems: readonly string[];
}

/** Finds the maker of each revision of the timeline. */
export function attributeWrites(operations: readonly Operation[], timeline: Timeline): Attribution {
  const problems: string[] = [];
  const makers = new Map<number, Writing>();
  for (const operation of operations) claim(operation, timeline, makers, problems);
  // A revocation that found no keys answers with the present revision, and somebody else may have made that.
  const open = [...revisions(timeline)].filter((revision) => makers.get(revision)?.kind !== 'txn');
  const unsettled: Writing[] = [...operations.filter(isUnsettled), ...expiries(operations)];
  const seenBy = lastChances(operations, timeline);
  const fitting = new Map<number, Writing[]>(open.map((revision) => [revision, []]));
  for (const writing of unsettled) {
    const possible = open.filter((revision) => couldMake(writing, revision, timeline));
    if (writing.kind === 'txn' && possible.length > 1 && puts(writing))
      problems.push(`written more than once, at ${possible.join(', ')}: ${JSON.stringify(writing)}`);
    for (const revision of possible) if (writing.call < seenBy(revision)) fitting.get(revision)!.push(writing);
  }
  const needed = open.filter((revision) => !makers.has(revision));
  const places = [...needed, ...open.filter((revision) => makers.has(revision))];
  const made = matchPlaces(places, (revision) => fitting.get(revision)!);
  const explained = new Set(made.values());
  for (const revision of needed)
    if (!explained.has(revision))
      problems.push(`nobody made revision ${revision}: ${JSON.stringify(timeline.events(revision))}`);
  // A revocation may have come too late for the last key: a deletion of unknown end has the same effect.
  const askedAt = new Map([...makers].map(([revision, { call }]) => [revision, call]));
  for (const [revision, writings] of fitting)
    for (const { call } of writings) askedAt.set(revision, Math.min(call, askedAt.get(revision) ?? call));
  return { askedAt, candidates: new Map([...made].map(([writing, revision]) => [writing, [revision]])), problems };
}

/** When a revision was certainly there: the first return of an operation that had seen it, or a later one. */
function lastChances(operations: readonly Operation[], { first, last }: Timeline): (revision: number) => number {
  const returns = new Array<number>(last - first + 2).fill(Number.POSITIVE_INFINITY);
  for (const operation of operations) {
    if (operation.kind !== 'txn' || operation.outcome !== 'ok' || operation.answer === null) continue;
    const at = Math.min(operation.answer.revision, last) - first;
    if (at >= 0) returns[at] = Math.min(returns[at]!, operation.return);
  }
  for (let at = returns.length - 2; at >= 0; at--) returns[at] = Math.min(returns[at]!, returns[at + 1]!);
  return (revision) => returns[revision - first] ?? Number.POSITIVE_INFINITY;
}

function* revisions({ first, last }: Timeline): Generator<number> {
  for (let revision = first + 1; revision <= last; revision++) yield revision;
}

function claim(operation: Operation, timeline: Timeline, makers: Map<number, Writing>, problems: string[]): void {
  const revision = madeRevision(operation, timeline);
  if (revision === undefined) return;
  const writing = operation as Writing;
  const other = makers.get(revision);
  if (other !== undefined && writing.kind === 'revoke') return;
  if (other?.kind === 'txn') problems.push(`revision ${revision} was acknowledged twice: ${JSON.stringify(operation)}`);
  else if (!couldMake(writing, revision, timeline)) problems.push(lost(operation, timeline.events(revision)));
  makers.set(revision, writing);
}

function lost(operation: Operation, found: readonly RecordedEvent[]): string {
  return `an acknowledged write is not there: ${JSON.stringify(operation)}, but ${JSON.stringify(found)}`;
}

/** The revision an acknowledged operation says it made. */
function madeRevision(operation: Operation, timeline: Timeline): number | undefined {
  if (operation.kind === 'txn' && operation.answer !== null) {
    const { results, revision } = operation.answer;
    return results.some((r) => r.type === 'put' || (r.type === 'delete' && r.deleted > 0)) ? revision : undefined;
  }
  // A revocation does not say whether there were keys.
  if (operation.kind !== 'revoke' || operation.answer === null) return undefined;
  const { revision } = operation.answer;
  return endsLease(operation.lease, timeline.events(revision)) ? revision : undefined;
}

function isUnsettled(operation: Operation): operation is Operation<'txn' | 'revoke'> {
  return operation.outcome === 'unknown' && (operation.kind === 'txn' || operation.kind === 'revoke');
}

function puts({ success, failure }: Operation<'txn'>): boolean {
  return [...success, ...failure].some(({ type }) => type === 'put');
}

function couldMake(writing: Writing, revision: number, timeline: Timeline): boolean {
  const events = timeline.events(revision);
  if (writing.kind !== 'txn') return endsLease(writing.lease, events);
  const expected = eventsOf(writing, timeline.keys(revision - 1), revision);
  return expected.length > 0 && isDeepStrictEqual(withoutPrev(expected), withoutPrev(events));
}

function endsLease(lease: string, events: readonly RecordedEvent[]): boolean {
  return events.length > 0 && events.every(({ type, prev }) => type === 'delete' && prev?.lease === lease);
}

function withoutPrev(events: readonly RecordedEvent[]) {
  return events.map(({ type, entry }) => ({ type, entry }));
}

/** Each granted lease may run out, counted from the last time it was certainly renewed; the server's clock started no earlier. */
function expiries(operations: readonly Operation[]): Expiry[] {
  const endsAt = new Map<string, number>();
  for (const operation of operations) {
    if (operation.kind !== 'grant' && operation.kind !== 'keepalive') continue;
    if (operation.answer === null) continue;
    const lease = operation.kind === 'grant' ? operation.answer.lease : operation.lease;
    const endAt = operation.call + operation.answer.ttlSeconds * 1e6;
    endsAt.set(lease, Math.max(endAt, endsAt.get(lease) ?? 0));
  }
  return [...endsAt].map(([lease, call]) => ({ kind: 'expire', lease, call, outcome: 'unknown', answer: null }));
}
