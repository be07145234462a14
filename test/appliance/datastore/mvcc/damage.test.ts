/** A record that is damaged while the store runs: its transaction fails whole, the others of its group do not. */
import test from 'ava';
import { memorySource } from '#appliance/datastore/memory/open.ts';
import { currentKey } from '#appliance/datastore/mvcc/keys.ts';
import { openMvccStore } from '#appliance/datastore/mvcc/store.ts';

test('a transaction that meets a damaged value leaves nothing behind and does not harm its neighbours', async (t) => {
  const source = memorySource();
  const store = await openMvccStore(source, { retention: false });
  const put = (key: string) => ({ type: 'put', key: Buffer.from(key), value: Buffer.from('new') }) as const;
  await store.put(Buffer.from('b'), Buffer.from('old'));
  const database = await source.open();
  await database.batch([{ type: 'put', key: currentKey('b'), value: Buffer.alloc(60) }], { sync: true });
  const { revision } = await store.put(Buffer.from('c'), Buffer.from('1'));
  const watch = await store.watch({ key: Buffer.from('a'), rangeEnd: Buffer.from([0]) });
  const [before, damaged, after] = await Promise.allSettled([
    store.put(Buffer.from('d'), Buffer.from('1')),
    store.txn({ compare: [], success: [put('a'), put('b')], failure: [] }),
    store.put(Buffer.from('e'), Buffer.from('1')),
  ]);
  t.like(damaged, { status: 'rejected', reason: { code: 'STORE_CORRUPT' } });
  t.deepEqual(
    [before, after],
    [
      { status: 'fulfilled', value: { revision: revision + 1 } },
      { status: 'fulfilled', value: { revision: revision + 2 } },
    ],
  );
  t.is((await store.range({ key: Buffer.from('a') })).count, 0);
  const { value: batch } = await watch[Symbol.asyncIterator]().next();
  t.deepEqual(
    batch.events.map((event: { entry: { key: Buffer } }) => event.entry.key.toString()),
    ['d', 'e'],
  );
  await store.close();
});
