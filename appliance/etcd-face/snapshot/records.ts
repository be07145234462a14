/**
 * A store's keys at one revision as etcd's records, in the order in which etcd keeps them: by the revision that wrote them.
 * A plan holds keys and sizes; values are read again when their turn comes, so memory grows with keys, not with contents. I/O.
 */

import type { Entry, Revision, Store, WatchEvent } from '../../datastore/store.ts';
import { assert } from '../../lib/assert.ts';
import { wireEntry } from '../convert.ts';
import { encodedKeyValueBytes, encodeKeyValue } from '../encode.ts';
import { revisionKey } from './revision-key.ts';

/** A record before its value is read. */
export interface PlannedRecord {
  /** One character a byte: a string holds on to nothing else. */
  readonly key: string;
  readonly revision: Revision;
  readonly sub: number;
  readonly isDeletion: boolean;
  readonly lease: bigint;
  /** Of the encoded KeyValue. */
  readonly bytes: number;
}

const pageKeys = 500;
const readsAtOnce = 64;
const allKeys = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };

/** Everything alive at `revision`, and what that revision deleted. STORE_COMPACTED when compaction overtakes it. */
export async function planRecords(store: Store, revision: Revision): Promise<PlannedRecord[]> {
  const planned: PlannedRecord[] = [];
  for await (const entry of listAt(store, revision)) {
    const { modRevision, lease } = entry;
    const bytes = encodedKeyValueBytes(wireEntry(entry));
    planned.push({ key: textOf(entry.key), revision: modRevision, sub: 0, isDeletion: false, lease, bytes });
  }
  planned.sort((a, b) => a.revision - b.revision || (a.key < b.key ? -1 : 1));
  return [...numbered(planned.filter((record) => record.revision < revision)), ...(await lastRecords(store, revision))];
}

/** The encoded KeyValue of each record of a plan made for `revision`. */
export async function* readRecords(
  store: Store,
  revision: Revision,
  plan: readonly PlannedRecord[],
): AsyncGenerator<Buffer> {
  for (let start = 0; start < plan.length; start += readsAtOnce) {
    const records = plan.slice(start, start + readsAtOnce);
    yield* await Promise.all(records.map((record) => readRecord(store, revision, record)));
  }
}

/** The bytes of one change. */
export function eventRecord(event: WatchEvent): Buffer {
  return event.type === 'put' ? encodeKeyValue(wireEntry(event.entry)) : deletion(event.entry.key);
}

/** The key of a planned record. */
export function recordKey({ revision, sub, isDeletion }: PlannedRecord): Buffer {
  return revisionKey(revision, sub, isDeletion);
}

/** All changes of the revisions from `first` to `last`, in order. STORE_COMPACTED when `first` has been forgotten. */
export async function* changes(store: Store, first: Revision, last: Revision): AsyncGenerator<WatchEvent> {
  if (first > last) return;
  const watch = await store.watch({ ...allKeys, startRevision: first });
  try {
    watch.requestProgress();
    for await (const batch of watch) {
      for (const event of batch.events) if (event.entry.modRevision <= last) yield event;
      if (batch.revision >= last) return;
    }
  } finally {
    watch.close();
  }
}

async function* listAt(store: Store, revision: Revision): AsyncGenerator<Entry> {
  let key = allKeys.key;
  for (;;) {
    const page = await store.range({ ...allKeys, key, revision, limit: pageKeys });
    yield* page.entries;
    if (!page.more) return;
    key = Buffer.concat([page.entries.at(-1)!.key, Buffer.from([0])]);
  }
}

/** Within an older revision the order is not known any more; any will do. */
function numbered(sorted: readonly PlannedRecord[]): PlannedRecord[] {
  let sub = 0;
  return sorted.map((record, i) => {
    sub = record.revision === sorted[i - 1]?.revision ? sub + 1 : 0;
    return { ...record, sub };
  });
}

/** The last revision as it was written: without its deletions etcd would take the one before for the newest. */
async function lastRecords(store: Store, revision: Revision): Promise<PlannedRecord[]> {
  const records: PlannedRecord[] = [];
  for await (const event of changes(store, revision, revision)) {
    records.push({
      key: textOf(event.entry.key),
      revision,
      sub: records.length,
      isDeletion: event.type === 'delete',
      lease: event.entry.lease,
      bytes: eventRecord(event).length,
    });
  }
  return records;
}

async function readRecord(store: Store, revision: Revision, record: PlannedRecord): Promise<Buffer> {
  const key = Buffer.from(record.key, 'latin1');
  if (record.isDeletion) return deletion(key);
  // Most keys are still as they were, and the newest state is cheaper to read than an older one.
  const newest = (await store.range({ key })).entries[0];
  const isSame = newest?.modRevision === record.revision;
  const entry = isSame ? newest : (await store.range({ key, revision })).entries[0];
  assert(entry?.modRevision === record.revision, 'a revision never changes');
  return encodeKeyValue(wireEntry(entry));
}

function textOf(key: Buffer): string {
  return key.toString('latin1');
}

function deletion(key: Buffer): Buffer {
  return encodeKeyValue({ key, create_revision: 0, mod_revision: 0, version: 0, value: Buffer.alloc(0), lease: 0 });
}
