/** Follows the resources of a kind: the store's events, decoded. I/O. */
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

/** One change. What cannot be read counts as absent. */
export interface ResourceChange {
  readonly revision: Revision;
  readonly now: Resource | undefined;
  readonly before: Resource | undefined;
}

export interface ChangeBatch {
  /** Everything up to and including this revision has been delivered. */
  readonly revision: Revision;
  readonly changes: readonly ResourceChange[];
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
  for await (const { revision, events } of batches) {
    const changes = events.map(decodeEvent).filter(({ now, before }) => now !== undefined || before !== undefined);
    yield { revision, changes };
  }
}

function decodeEvent(event: WatchEvent): ResourceChange {
  const decode = (entry: Entry | undefined) => entry && itemOf(entry)?.resource;
  const now = event.type === 'put' ? decode(event.entry) : undefined;
  return { revision: event.entry.modRevision, now, before: decode(event.prev) };
}
