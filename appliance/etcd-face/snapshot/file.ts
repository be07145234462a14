/**
 * A store at one revision as the database file of an etcd server, page by page from front to back: what `etcdctl snapshot restore`
 * takes. History older than the revision is not in it, as after a compaction there. I/O through the store.
 * Source: etcd's buckets (storage/schema), bbolt's file format.
 */

import type { Revision, Store } from '../../datastore/store.ts';
import { assert } from '../../lib/assert.ts';
import { leaseItems, type StoredLease, smallBuckets } from './buckets.ts';
import {
  branchPage,
  bucketAt,
  freeListPage,
  inlineBucket,
  type LeafItem,
  leafPage,
  metaPage,
  pageBytes,
} from './page.ts';
import { type PlannedRecord, planRecords, readRecords, recordKey } from './records.ts';
import { revisionKeyBytesMax } from './revision-key.ts';
import { type PagePlan, planTree, type TreeLayout } from './tree-layout.ts';

/** A file that can be written: its size is known, its contents are read as they are asked for. */
export interface SnapshotFile {
  readonly revision: Revision;
  readonly bytes: number;
  /** Whole pages, front to back. STORE_COMPACTED when compaction overtakes the reader. */
  pages(): AsyncGenerator<Buffer>;
}

const ids = { freeList: 2, root: 3, rest: 4 } as const;
/** bbolt keeps a bucket inside its parent up to this size. */
const inlineBytesMax = pageBytes / 4;
const idBytes = 8;

interface Layout {
  readonly keys: TreeLayout | undefined;
  readonly leases: TreeLayout | undefined;
  readonly pages: number;
}

/** Plans a snapshot of the newest revision. STORE_COMPACTED when compaction overtakes it. */
export async function planSnapshot(store: Store): Promise<SnapshotFile> {
  const { current: revision } = await store.revisions();
  const records = await planRecords(store, revision);
  const leases = leaseItems(await readLeases(store, records));
  const layout = planPages(records, leases);
  return {
    revision,
    bytes: layout.pages * pageBytes,
    async *pages() {
      yield* headPages(layout, revision, leases);
      if (layout.leases !== undefined) yield* treePages(layout.leases, leases.map(keyOf), arrayReader(leases));
      if (layout.keys === undefined) return;
      const values = readRecords(store, revision, records);
      yield* treePages(layout.keys, records.map(recordKey), recordReader(records, values));
    },
  };
}

function planPages(records: readonly PlannedRecord[], leases: readonly LeafItem[]): Layout {
  const leaseSizes = leases.map(({ key, value }) => key.length + value.length);
  const own = inlineBucket(leases).length > inlineBytesMax ? planTree(leaseSizes, idBytes, ids.rest) : undefined;
  const firstId = own?.endId ?? ids.rest;
  const sizes = records.map((record) => recordKey(record).length + record.bytes);
  const keys = records.length === 0 ? undefined : planTree(sizes, revisionKeyBytesMax, firstId);
  return { keys, leases: own, pages: keys?.endId ?? firstId };
}

function* headPages(layout: Layout, revision: Revision, leases: readonly LeafItem[]): Generator<Buffer> {
  const meta = { rootId: ids.root, freeListId: ids.freeList, pages: layout.pages };
  yield metaPage(0, meta);
  yield metaPage(1, meta);
  yield freeListPage(ids.freeList);
  const buckets = new Map(Object.entries(smallBuckets(revision)).map(([name, items]) => [name, inlineBucket(items)]));
  buckets.set('key', layout.keys === undefined ? inlineBucket([]) : bucketAt(layout.keys.rootId));
  buckets.set('lease', layout.leases === undefined ? inlineBucket(leases) : bucketAt(layout.leases.rootId));
  const items = [...buckets].map(([name, value]) => ({ key: Buffer.from(name), value, isBucket: true }));
  yield leafPage(
    ids.root,
    0,
    items.sort((a, b) => a.key.compare(b.key)),
  );
}

type ItemReader = (page: PagePlan) => Promise<readonly LeafItem[]>;

async function* treePages(layout: TreeLayout, keys: readonly Buffer[], read: ItemReader): AsyncGenerator<Buffer> {
  for (const plan of layout.leaves) yield leafPage(plan.id, plan.overflow, await read(plan));
  let below = layout.leaves.map(({ id, first }) => ({ key: keys[first]!, pageId: id }));
  for (const level of layout.branches) {
    const items = below;
    for (const { id, first, count } of level) yield branchPage(id, items.slice(first, first + count));
    below = level.map(({ id, first }) => ({ key: items[first]!.key, pageId: id }));
  }
}

function arrayReader(items: readonly LeafItem[]): ItemReader {
  return async ({ first, count }) => items.slice(first, first + count);
}

function recordReader(records: readonly PlannedRecord[], values: AsyncGenerator<Buffer>): ItemReader {
  return async ({ first, count }) => {
    const items: LeafItem[] = [];
    for (const record of records.slice(first, first + count)) {
      const { value } = await values.next();
      assert(value?.length === record.bytes, 'a record has the size it was planned with');
      items.push({ key: recordKey(record), value });
    }
    return items;
  };
}

/** The leases keys hang on, and those that have none. One that is gone by now gets its shortest life again. */
async function readLeases(store: Store, records: readonly PlannedRecord[]): Promise<readonly StoredLease[]> {
  const wanted = new Set([...(await store.leases()), ...records.map(({ lease }) => lease)]);
  wanted.delete(0n);
  const statuses = await Promise.all([...wanted].map((id) => store.leaseTimeToLive(id)));
  return statuses.map(({ id, ttlSeconds }) => ({ id, ttlSeconds: Math.max(1, ttlSeconds) }));
}

function keyOf({ key }: LeafItem): Buffer {
  return key;
}
