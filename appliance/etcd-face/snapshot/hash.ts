/**
 * etcd's hash over the records of a store: two servers with the same history since the same compaction have the same one. I/O through the store.
 * Source: etcd's hash by revision (crc32c over the bucket's name, then each key and value).
 */
import type { Revision, Store } from '../../datastore/store.ts';
import { crc32c } from './crc32c.ts';
import { changes, eventRecord, planRecords, readRecords, recordKey } from './records.ts';
import { revisionKey } from './revision-key.ts';

export interface StoreHash {
  readonly hash: number;
  /** The store's newest revision, the one up to which it was hashed, and the oldest readable. */
  readonly current: Revision;
  readonly revision: Revision;
  readonly compacted: Revision;
}

const firstRevision = 1;

/** Hashes up to `revision`, or up to the newest when it is 0. STORE_FUTURE_REVISION, STORE_COMPACTED. */
export async function hashStore(store: Store, revision: Revision): Promise<StoreHash> {
  const { current, compacted } = await store.revisions();
  const last = revision === 0 ? current : revision;
  // A read at it refuses what cannot be hashed, in the store's own words.
  await store.range({ key: Buffer.from([0]), revision: last, countOnly: true });
  let hash = crc32c(Buffer.from('key'));
  for await (const bytes of records(store, compacted, last)) hash = crc32c(bytes, hash);
  return { hash, current, revision: last, compacted };
}

async function* records(store: Store, compacted: Revision, last: Revision): AsyncGenerator<Buffer> {
  if (compacted > firstRevision) yield* compactedRecords(store, compacted, last);
  let main = 0;
  let sub = 0;
  for await (const event of changes(store, compacted + 1, last)) {
    const { modRevision } = event.entry;
    sub = modRevision === main ? sub + 1 : 0;
    main = modRevision;
    yield revisionKey(main, sub, event.type === 'delete');
    yield eventRecord(event);
  }
}

/** What is alive at `last` and older than the history that is left. */
async function* compactedRecords(store: Store, compacted: Revision, last: Revision): AsyncGenerator<Buffer> {
  const alive = (await planRecords(store, last)).filter(({ isDeletion }) => !isDeletion);
  const plan = alive.filter(({ revision }) => revision <= compacted);
  let i = 0;
  for await (const value of readRecords(store, last, plan)) {
    yield recordKey(plan[i++]!);
    yield value;
  }
}
