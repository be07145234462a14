/**
 * The one true course of events, from the watcher that sees everything: every revision, what it changed, and the keys after it.
 * It must be dense and each event must follow from the state before, or nothing else can be judged. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { isInRange, type RecordedEvent, type RunRecord, type Snapshot, type WatchRecord } from '../history.ts';
import { deletion, entriesIn, type Keys, keysAfter } from './model.ts';

export interface Timeline {
  readonly first: number;
  readonly last: number;
  events(revision: number): readonly RecordedEvent[];
  keys(revision: number): Keys;
  /** Events on a range, of all revisions after `after` up to `upTo`. */
  eventsIn(range: { readonly key: string; readonly end: string }, after: number, upTo: number): RecordedEvent[];
}

/** Reads the timeline off the watches named `historian`. */
export function readTimeline({ initial, final, watches }: RunRecord, historian: string) {
  const events = new Map<number, RecordedEvent[]>();
  const problems: string[] = [];
  let last = initial.revision;
  for (const event of watches.filter(({ watcher }) => watcher === historian).flatMap(allEvents)) {
    const { mod } = event.entry;
    if (mod !== last && mod !== last + 1) problems.push(`${historian} was told ${mod} right after ${last}`);
    const told = events.get(mod);
    if (told === undefined) events.set(mod, [event]);
    else told.push(event);
    last = mod;
  }
  if (last !== final.revision) problems.push(`${historian} ended at ${last}, the store at ${final.revision}`);
  const states = replay(initial, last, events, problems);
  const end = [...states.at(-1)!.values()];
  if (!isDeepStrictEqual(sorted(end), sorted(final.entries)))
    problems.push('the last keys are not those the events lead to');
  return { timeline: createTimeline(initial.revision, states, events), problems };
}

function allEvents(watch: WatchRecord): RecordedEvent[] {
  return watch.batches.flatMap(({ events }) => events);
}

/** The keys after each revision; an event that does not follow from the keys before is a problem. */
function replay(initial: Snapshot, last: number, events: Map<number, RecordedEvent[]>, problems: string[]): Keys[] {
  const states: Keys[] = [new Map(initial.entries.map((entry) => [entry.key, entry]))];
  for (let revision = initial.revision + 1; revision <= last; revision++) {
    const before = states.at(-1)!;
    const changes = events.get(revision) ?? [];
    const wrong = changes.find((event) => !follows(event, before));
    if (wrong !== undefined) problems.push(`revision ${revision} does not follow: ${JSON.stringify(wrong)}`);
    // What was before is known here even where it was compacted before it could be told.
    events.set(
      revision,
      changes.map((event) => ({ ...event, prev: before.get(event.entry.key) ?? null })),
    );
    states.push(keysAfter(before, changes));
  }
  return states;
}

/** No key changes twice in a revision here, so the keys before it are enough. */
function follows({ type, entry, prev }: RecordedEvent, before: Keys): boolean {
  const old = before.get(entry.key) ?? null;
  if (prev !== null && !isDeepStrictEqual(prev, old)) return false;
  if (type === 'delete') return old !== null && isDeepStrictEqual(entry, deletion(old, entry.mod).entry);
  return entry.create === (old?.create ?? entry.mod) && entry.version === (old?.version ?? 0) + 1;
}

function createTimeline(first: number, states: readonly Keys[], events: Map<number, RecordedEvent[]>): Timeline {
  const last = first + states.length - 1;
  const at = (revision: number) => events.get(revision) ?? [];
  return {
    first,
    last,
    events: at,
    keys: (revision) => states[revision - first] ?? new Map(),
    eventsIn(range, after, upTo) {
      const found: RecordedEvent[] = [];
      for (let revision = Math.max(after, first) + 1; revision <= Math.min(upTo, last); revision++)
        found.push(...at(revision).filter(({ entry }) => isInRange(entry.key, range)));
      return found;
    },
  };
}

function sorted(entries: Snapshot['entries']) {
  return entriesIn(new Map(entries.map((entry) => [entry.key, entry])), { key: '\0', end: '\0' });
}
