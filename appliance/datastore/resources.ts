/**
 * Typed operations on Calico resources over any store, with the side effects Calico's client has. I/O.
 * What `api` serves, and what the programs use that write resources themselves.
 */

import { hasCode } from '../lib/errors.ts';
import type { Resource } from '../resources/resource.ts';
import { nothingInside } from './effects/namespace.ts';
import { type Applied, type ApplyOptions, applyResource } from './resources/apply.ts';
import { type History, type HistoryLimits, readHistory } from './resources/history.ts';
import { invalid } from './resources/invalid.ts';
import { derivedNamespace, isNamespace, manifestOfNamespace, pageOfNamespaces } from './resources/namespaces.ts';
import { createReader, type Item, type Page, type PageQuery, type Reader } from './resources/reader.ts';
import type { Ref } from './resources/ref.ts';
import { type DeleteOptions, deleteResource } from './resources/remove.ts';
import { builtInItem, withBuiltIns } from './resources/synthetic.ts';
import { type ChangeBatch, type WatchQuery, watchResources } from './resources/watch.ts';
import { type Change, changeResource, createResource, type Stamps, type WriteOptions } from './resources/write.ts';
import type { Revision, Store } from './store.ts';

export interface Resources {
  /** The newest revision of the store. */
  revision(): Promise<Revision>;
  /** RESOURCE_NOT_FOUND, RESOURCE_UNREADABLE; STORE_COMPACTED for a revision that is gone. */
  get(ref: Ref, revision?: Revision): Promise<Item>;
  /** A page in key order; further pages take its `next` and `revision`. Unreadable entries are left out. */
  list(query: PageQuery): Promise<Page>;
  /** RESOURCE_EXISTS, RESOURCE_INVALID, RESOURCE_READ_ONLY, RESOURCE_PROTECTED, RESOURCE_NOT_FOUND (of a tier it needs). */
  create(input: unknown, options?: WriteOptions): Promise<Resource>;
  /** Replaces; `input` names the resourceVersion it was made from. RESOURCE_CONFLICT when that is not the present one. */
  update(ref: Ref, input: unknown, options?: WriteOptions): Promise<Resource>;
  /** Reads, changes, writes; again on a conflict. For patches. */
  modify(ref: Ref, change: Change, options?: WriteOptions): Promise<Resource>;
  /** Server-side apply: makes the resource or changes what the manager applies of it. RESOURCE_FIELD_CONFLICT names whose fields are in the way. */
  apply(ref: Ref, config: Readonly<Record<string, unknown>>, options: ApplyOptions): Promise<Applied>;
  /** The resource as it was; undefined when what was stored could not be read. */
  delete(ref: Ref, options?: DeleteOptions): Promise<Resource | undefined>;
  watch(query: WatchQuery, signal: AbortSignal): Promise<AsyncIterable<ChangeBatch>>;
  /** The versions the store still has. RESOURCE_NOT_FOUND when it knows none. */
  history(ref: Ref, limits: HistoryLimits): Promise<History>;
}

/** Resources in `store`, stamped with the clock and identities given. */
export function createResources(store: Store, stamps: Stamps): Resources {
  const reader = createReader(store);
  return {
    revision: async () => (await store.revisions()).current,
    get: async (ref, revision) =>
      builtInItem(ref) ?? (await derivedNamespace(reader, ref, revision)) ?? (await reader.item(ref, revision)),
    list: async (query) =>
      isNamespace(query) ? pageOfNamespaces(reader, query) : withBuiltIns(query, await reader.page(query)),
    create: (input, options = {}) => createResource(reader, stamps, input, options),
    update: async (ref, input, options = {}) => {
      if (!namesVersion(input)) {
        await reader.item(ref); // what is not there is told first
        throw invalid(ref, [{ path: 'metadata.resourceVersion', message: 'must be given to replace a resource' }]);
      }
      return changeResource(reader, ref, stamps, () => input, options);
    },
    modify: async (ref, change, options = {}) => {
      if (isNamespace(ref) && options.isDryRun !== true) await adoptNamespace(reader, stamps, ref);
      return changeResource(reader, ref, stamps, change, options);
    },
    apply: async (ref, config, options) => {
      if (isNamespace(ref) && options.isDryRun !== true) await adoptNamespace(reader, stamps, ref);
      return applyResource(reader, stamps, ref, config, options);
    },
    delete: async (ref, options = {}) => {
      if ((await derivedNamespace(reader, ref)) !== undefined) await nothingInside(ref, reader);
      return deleteResource(reader, ref, options);
    },
    watch: (query, signal) => watchResources(store, query, signal),
    history: (ref, limits) => readHistory(store, ref, limits),
  };
}

/** A namespace that is there because of what is in it is made before it is changed: labels have to be kept somewhere. */
async function adoptNamespace(reader: Reader, stamps: Stamps, ref: Ref): Promise<void> {
  if ((await derivedNamespace(reader, ref)) === undefined) return;
  try {
    await createResource(reader, stamps, manifestOfNamespace(ref.name), {});
  } catch (error) {
    if (!hasCode(error, 'RESOURCE_EXISTS')) throw error;
  }
}

function namesVersion(input: unknown): boolean {
  const version = (input as { metadata?: { resourceVersion?: unknown } } | null)?.metadata?.resourceVersion;
  return version !== undefined && version !== '';
}
