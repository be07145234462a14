/** Contract: what a put and a delete do to a key, and what revisions count. */
import type { TestFn } from 'ava';
import { contractTests, type StoreFactory, throwsCode } from './scope.ts';

const value = Buffer.from('value');

export function keyContract(test: TestFn, name: string, factory: StoreFactory): void {
  const check = contractTests(test, name, factory);

  check('put() gives a new key one revision as create and mod, and version 1', async (t, { store, key }) => {
    const { revision } = await store.put(key('a'), value);
    const { entries } = await store.range({ key: key('a') });
    t.deepEqual(entries, [
      { key: key('a'), value, createRevision: revision, modRevision: revision, version: 1, lease: 0n },
    ]);
  });

  check('put() keeps the create revision and counts versions', async (t, { store, key, put }) => {
    const created = await put('a', '1');
    await put('a', '2');
    const written = await put('a', '3');
    const { entries } = await store.range({ key: key('a') });
    t.like(entries[0], { createRevision: created, modRevision: written, version: 3 });
  });

  check('put() of an equal value is a commit all the same', async (t, { put }) => {
    const first = await put('a', 'same');
    t.true((await put('a', 'same')) > first);
  });

  check('put() after a deletion begins a new life', async (t, { store, key, put }) => {
    await put('a', '1');
    await store.delete({ key: key('a') });
    const revision = await put('a', '2');
    const { entries } = await store.range({ key: key('a') });
    t.like(entries[0], { createRevision: revision, modRevision: revision, version: 1 });
  });

  check('put() gives the entry from before when asked', async (t, { store, key, put }) => {
    t.is((await store.put(key('a'), value, { prevKv: true })).prev, undefined);
    const { prev } = await store.put(key('a'), Buffer.from('2'), { prevKv: true });
    t.like(prev, { value, version: 1 });
    t.false('prev' in (await store.put(key('a'), value)));
    await put('b', '');
    t.is((await store.put(key('b'), value, { prevKv: true })).prev?.value.length, 0);
  });

  check('put() refuses an empty key', async (t, { store }) => {
    await throwsCode(t, 'STORE_EMPTY_KEY', () => store.put(Buffer.alloc(0), value));
  });

  check(
    'put() refuses what is larger than the store takes, and keeps what was there',
    async (t, { store, key, put, list }) => {
      await put('a', 'small');
      await throwsCode(t, 'STORE_TOO_LARGE', () => store.put(key('a'), Buffer.alloc(2_000_000)));
      t.deepEqual(await list(), ['a=small']);
    },
  );

  check('keys and values may hold any bytes', async (t, { store, key }) => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const all = Buffer.concat([key('x'), bytes]);
    await store.put(all, bytes);
    const { entries } = await store.range({ key: all });
    t.deepEqual(entries[0]?.key, all);
    t.deepEqual(entries[0]?.value, bytes);
  });

  check('delete() removes one key, or a range, in one revision', async (t, { store, key, prefix, put, list }) => {
    for (const at of ['a', 'b/1', 'b/2', 'c']) await put(at, at);
    const one = await store.delete({ key: key('a') });
    t.like(one, { deleted: 1, prev: [] });
    const range = await store.delete(prefix('b/'), { prevKv: true });
    t.is(range.deleted, 2);
    t.true(range.revision > one.revision);
    t.deepEqual(
      range.prev.map((entry) => entry.value.toString()),
      ['b/1', 'b/2'],
    );
    t.deepEqual(await list(), ['c=c']);
  });

  check('delete() of nothing is no commit', async (t, { store, key, put }) => {
    const before = await put('a', '1');
    const { revision, deleted, prev } = await store.delete({ key: key('b') }, { prevKv: true });
    t.deepEqual({ deleted, prev: prev.length }, { deleted: 0, prev: 0 });
    t.true(revision >= before);
    if (factory.supports.exclusive) t.is(revision, before);
  });

  check('delete() refuses an empty key', async (t, { store }) => {
    await throwsCode(t, 'STORE_EMPTY_KEY', () => store.delete({ key: Buffer.alloc(0) }));
  });

  check('every commit has a revision of its own, in the order of commits', async (t, { store, put }) => {
    const revisions = await Promise.all(Array.from({ length: 200 }, (_, i) => put(`${i % 20}`, `${i}`)));
    t.is(new Set(revisions).size, 200);
    const { current } = await store.revisions();
    t.true(current >= Math.max(...revisions));
    if (factory.supports.exclusive) t.is(Math.max(...revisions) - Math.min(...revisions), 199);
  });

  if (factory.supports.exclusive) {
    check('an empty store is at revision 1, and the first commit is 2', async (t, { store, put }) => {
      t.deepEqual(await store.revisions(), { current: 1, compacted: 1 });
      t.is(await put('a', '1'), 2);
    });
  }

  check('after close() every call fails and close() may be repeated', async (t, { store, key }) => {
    await store.close();
    await store.close();
    await throwsCode(t, 'STORE_CLOSED', () => store.range({ key: key('a') }));
    await throwsCode(t, 'STORE_CLOSED', () => store.put(key('a'), value));
    await throwsCode(t, 'STORE_CLOSED', () => store.watch({ key: key('a') }));
    await throwsCode(t, 'STORE_CLOSED', () => store.leaseGrant(60));
    await throwsCode(t, 'STORE_CLOSED', () => store.revisions());
  });
}
