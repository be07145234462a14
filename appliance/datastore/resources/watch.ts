/**
 * Follows the resources of a kind: the store's events, decoded. All watches that a change concerns are handed the same event by an embedded
 * store, so it is decoded once and the outcome shared. I/O.
 */
import type { KindDefinition } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import type { Entry, Revision, Store, WatchBatch, WatchEvent } from '../store.ts';
import { itemOf } from './reader.ts';
import { keyOf, rangeOf } from './ref.ts';

export interface WatchQuery {
  readonly kind: KindDefinition;
  /** Empty: all namespaces. */
  readonly namespace: string;
  /** Only this one; with a namespace for namespaced kinds. */
  readonly name?: string;
  /** The first revision wanted. */
  readonly startRevision: Revision;
}

/** One change, shared by all who watch: to be read only. What cannot be read counts as absent. */
export interface ResourceChange {
  readonly revision: Revision;
  readonly now: Resource | undefined;
  readonly before: Resource | undefined;
}

export interface ChangeBatch {
  /** Everything up to and including this revision has been delivered. */
  readonly revision: Revision;
  /** Decoded as they are taken: a reader that is behind has a long batch, and no use for all of it at once. */
  readonly changes: Iterable<ResourceChange>;
}

/** Resolves once the watch exists; ends with `signal`. STORE_COMPACTED, STORE_WATCH_OVERFLOW and others when it cannot go on. */
export async function watchResources(
  store: Store,
  query: WatchQuery,
  signal: AbortSignal,
): Promise<AsyncIterable<ChangeBatch>> {
  const { kind, namespace, name, startRevision } = query;
  const isExact = name !== undefined && (namespace !== '' || !kind.isNamespaced);
  const range = isExact ? { key: keyOf({ kind, namespace, name }) } : rangeOf(kind, namespace);
  return decodeBatches(await store.watch({ ...range, startRevision, prevKv: true }, signal));
}

async function* decodeBatches(batches: AsyncIterable<WatchBatch>): AsyncIterable<ChangeBatch> {
  for await (const { revision, events } of batches) yield { revision, changes: changesOf(events) };
}

function* changesOf(events: readonly WatchEvent[]): Iterable<ResourceChange> {
  for (const event of events) {
    const change = changeOf(event);
    if (change.now !== undefined || change.before !== undefined) yield change;
  }
}

/** Weak at both ends: an event that waits for somebody slow does not keep what was decoded of it, which is several times as large. */
const decoded = new WeakMap<WatchEvent, WeakRef<ResourceChange>>();

function changeOf(event: WatchEvent): ResourceChange {
  const found = decoded.get(event)?.deref();
  if (found !== undefined) return found;
  const change = decodeEvent(event);
  decoded.set(event, new WeakRef(change));
  return change;
}

function decodeEvent(event: WatchEvent): ResourceChange {
  const decode = (entry: Entry | undefined) => entry && itemOf(entry)?.resource;
  const now = event.type === 'put' ? decode(event.entry) : undefined;
  return { revision: event.entry.modRevision, now, before: decode(event.prev) };
}
