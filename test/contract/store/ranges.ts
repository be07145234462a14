/** Contract: range reads, now and at an older revision. */
import { setImmediate } from 'node:timers/promises';
import type { TestFn } from 'ava';
import { contractTests, putMany, type StoreFactory, throwsCode } from './scope.ts';

export function rangeContract(test: TestFn, name: string, factory: StoreFactory): void {
  const check = contractTests(test, name, factory);

  check('range() of one key does not see its neighbours', async (t, { store, key, put }) => {
    for (const at of ['a', 'a\0', 'aa', 'b']) await put(at, at);
    const { entries, count, more } = await store.range({ key: key('a') });
    t.deepEqual(
      entries.map((entry) => entry.key),
      [key('a')],
    );
    t.deepEqual({ count, more }, { count: 1, more: false });
    t.is((await store.range({ key: key('c') })).count, 0);
  });

  check('range() gives keys in the order of their bytes, the end excluded', async (t, { store, key, put }) => {
    const names = [
      '',
      '\0',
      '\0\0',
      '\x01',
      'a',
      'a\0',
      'a\0\xff',
      'a\x01',
      'aa',
      'b',
      '\x7f',
      '\x80',
      '\xff',
      '\xff\xff',
    ];
    for (const at of names.toReversed()) await put(at, 'x');
    const { entries } = await store.range({ key: key(''), rangeEnd: key('\xff\xff') });
    t.deepEqual(
      entries.map((entry) => entry.key),
      [...names.map(key)].sort(Buffer.compare).slice(0, -1),
    );
  });

  check('range() to an end of one zero byte goes to the end of all keys', async (t, { store, key, put }) => {
    for (const at of ['a', 'b', '\xff\xff']) await put(at, at);
    const { entries } = await store.range({ key: key('b'), rangeEnd: Buffer.from([0]) });
    t.deepEqual(
      entries.slice(0, 2).map((entry) => entry.key),
      [key('b'), key('\xff\xff')],
    );
  });

  check('range() whose end is not after its start is empty', async (t, { store, key, put }) => {
    for (const at of ['a', 'b', 'c']) await put(at, at);
    t.is((await store.range({ key: key('c'), rangeEnd: key('a') })).count, 0);
    t.is((await store.range({ key: key('b'), rangeEnd: key('b') })).count, 0);
  });

  check('range() cut by a limit says so and counts all', async (t, { store, prefix, put }) => {
    for (const at of ['a', 'b', 'c']) await put(at, at);
    const cut = await store.range({ ...prefix(), limit: 2 });
    t.deepEqual([cut.entries.length, cut.count, cut.more], [2, 3, true]);
    const all = await store.range({ ...prefix(), limit: 3 });
    t.deepEqual([all.entries.length, all.count, all.more], [3, 3, false]);
    t.is((await store.range({ ...prefix(), limit: 0 })).entries.length, 3);
  });

  check('range() can leave out values, or everything but the count', async (t, { store, prefix, put }) => {
    const revision = await put('a', 'value');
    const keys = await store.range({ ...prefix(), keysOnly: true });
    t.like(keys.entries[0], { value: Buffer.alloc(0), modRevision: revision, version: 1 });
    const count = await store.range({ ...prefix(), countOnly: true });
    t.deepEqual([count.entries.length, count.count], [0, 1]);
  });

  check('range() reads thousands of keys whole', async (t, { store, prefix, put }) => {
    const names = Array.from({ length: 3000 }, (_, i) => `k${String(i).padStart(5, '0')}`);
    await putMany({ put }, names, (at) => `value of ${at}`);
    const { entries, count } = await store.range(prefix('k'));
    t.is(count, 3000);
    t.deepEqual(
      entries.map((entry) => entry.value.toString()),
      names.map((at) => `value of ${at}`),
    );
    const cut = await store.range({ ...prefix('k'), limit: 1234 });
    t.deepEqual([cut.entries.length, cut.count, cut.more], [1234, 3000, true]);
  });

  check(
    'range() at a revision gives what was there then, with the header of now',
    async (t, { store, key, prefix, put, list }) => {
      const first = await put('a', '1');
      const second = await put('b', '1');
      await put('a', '2');
      const { revision: gone } = await store.delete({ key: key('b') });
      const last = await put('b', '2');
      t.deepEqual(await list('', first), ['a=1']);
      t.deepEqual(await list('', second), ['a=1', 'b=1']);
      t.deepEqual(await list('', gone), ['a=2']);
      t.deepEqual(await list('', last), ['a=2', 'b=2']);
      const old = await store.range({ ...prefix(), revision: second, limit: 1 });
      t.true(old.revision >= last);
      t.deepEqual([old.entries.length, old.count, old.more], [1, 2, true]);
      t.like(old.entries[0], { modRevision: first, version: 1 });
      t.is((await store.range({ ...prefix(), revision: gone, countOnly: true })).count, 1);
      t.is((await store.range({ key: key('b'), revision: gone })).count, 0);
      t.is((await store.range({ ...prefix(), revision: second, keysOnly: true })).entries[0]?.value.length, 0);
    },
  );

  check('range() at an old revision keeps keys with zero bytes apart', async (t, { store, prefix, put, list }) => {
    const names = ['a', 'a\0', 'a\0\0', 'a\0\x01', 'a\0\xff', 'a\x01'];
    for (const at of names) await put(at, 'old');
    const { current } = await store.revisions();
    for (const at of names) await put(at, 'new');
    t.deepEqual(
      await list('', current),
      names.toSorted().map((at) => `${at}=old`),
    );
    t.is((await store.range({ ...prefix('a\0'), revision: current })).count, 4);
  });

  check('range() refuses a revision of the future and an empty key', async (t, { store, key }) => {
    const { current } = await store.revisions();
    await throwsCode(t, 'STORE_FUTURE_REVISION', () => store.range({ key: key('a'), revision: current + 1_000_000 }));
    await throwsCode(t, 'STORE_EMPTY_KEY', () => store.range({ key: Buffer.alloc(0) }));
  });

  check(
    'range() sees an acknowledged write at once, and never half a transaction',
    async (t, { store, key, prefix }) => {
      let running = true;
      const reads = (async () => {
        for (let i = 0; running || i < 20; i++) {
          await setImmediate();
          const { entries } = await store.range(prefix());
          t.is(new Set(entries.map((entry) => entry.value.toString())).size, Math.min(entries.length, 1));
        }
      })();
      for (let i = 0; i < 100; i++) {
        const value = Buffer.from(`${i}`);
        const success = ['a', 'b', 'c'].map((at) => ({ type: 'put', key: key(at), value }) as const);
        const { revision } = await store.txn({ compare: [], success, failure: [] });
        const { entries } = await store.range({ key: key('b') });
        t.like(entries[0], { value, modRevision: revision });
      }
      running = false;
      await reads;
    },
  );
}
