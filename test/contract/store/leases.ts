/** Contract: leases: granted, attached, kept alive, revoked, run out. */
import type { TestFn } from 'ava';
import { contractTests, readEvents, type StoreFactory, throwsCode } from './scope.ts';

export function leaseContract(test: TestFn, name: string, factory: StoreFactory): void {
  const check = contractTests(test, name, factory);

  check('leaseGrant() chooses an id, or takes one that is free', async (t, { store }) => {
    const chosen = await store.leaseGrant(600);
    t.true(chosen.id > 0n);
    t.is(chosen.ttlSeconds, 600);
    const wanted = chosen.id ^ 1n;
    t.is((await store.leaseGrant(600, wanted)).id, wanted);
    await throwsCode(t, 'STORE_LEASE_EXISTS', () => store.leaseGrant(600, wanted));
    const ids = await store.leases();
    t.true(ids.includes(chosen.id) && ids.includes(wanted));
    await store.leaseRevoke(chosen.id);
    await store.leaseRevoke(wanted);
    t.false((await store.leases()).includes(wanted));
  });

  check('leaseGrant() is no commit', async (t, { store, put }) => {
    const before = await put('a', '1');
    const { id } = await store.leaseGrant(600);
    if (factory.supports.exclusive) t.is((await store.revisions()).current, before);
    await store.leaseRevoke(id);
    t.true((await store.revisions()).current >= before);
  });

  check('leaseTimeToLive() tells what is left and which keys hang on it', async (t, { store, key, pass }) => {
    const { id } = await store.leaseGrant(600);
    await store.put(key('b'), Buffer.from('1'), { lease: id });
    await store.put(key('a'), Buffer.from('1'), { lease: id });
    await pass(1.1);
    const status = await store.leaseTimeToLive(id, true);
    t.deepEqual([...status.keys].sort(Buffer.compare), [key('a'), key('b')]);
    t.is(status.ttlSeconds, 600);
    t.true(status.remainingSeconds < 600 && status.remainingSeconds > 590, `${status.remainingSeconds}`);
    t.deepEqual((await store.leaseTimeToLive(id)).keys, []);
    await store.leaseRevoke(id);
    t.like(await store.leaseTimeToLive(id, true), { id, remainingSeconds: -1, keys: [] });
  });

  check('put() attaches to a lease, moves to another, and lets go', async (t, { store, key, put }) => {
    const [one, two] = [await store.leaseGrant(600), await store.leaseGrant(600)];
    const keysOf = async (id: bigint) => (await store.leaseTimeToLive(id, true)).keys.length;
    await store.put(key('a'), Buffer.from('1'), { lease: one.id });
    t.is((await store.range({ key: key('a') })).entries[0]?.lease, one.id);
    await store.put(key('a'), Buffer.from('1'), { lease: two.id });
    t.deepEqual([await keysOf(one.id), await keysOf(two.id)], [0, 1]);
    await put('a', '2');
    t.deepEqual([await keysOf(two.id), (await store.range({ key: key('a') })).entries[0]?.lease], [0, 0n]);
    await store.leaseRevoke(one.id);
    await store.leaseRevoke(two.id);
    t.is((await store.range({ key: key('a') })).count, 1);
  });

  check('put() refuses a lease that is not there', async (t, { store, key }) => {
    const { id } = await store.leaseGrant(600);
    await store.leaseRevoke(id);
    await throwsCode(t, 'STORE_LEASE_NOT_FOUND', () => store.put(key('a'), Buffer.from('1'), { lease: id }));
    t.is((await store.range({ key: key('a') })).count, 0);
  });

  check(
    'leaseRevoke() deletes its keys in one revision, and watchers see it',
    async (t, { store, key, prefix, put, list, print }) => {
      const { id } = await store.leaseGrant(600);
      for (const at of ['a', 'b', 'c']) await store.put(key(at), Buffer.from('1'), { lease: id });
      await store.delete({ key: key('b') });
      const last = await put('d', '1');
      const watch = await store.watch({ ...prefix(), prevKv: true });
      const revision = await store.leaseRevoke(id);
      const events = await readEvents(t, watch, 2);
      t.deepEqual(events.map(print).sort(), ['delete a', 'delete c']);
      t.true(events.every(({ entry, prev }) => entry.modRevision === revision && prev?.value.toString() === '1'));
      t.true(revision > last);
      t.deepEqual(await list(), ['d=1']);
      await throwsCode(t, 'STORE_LEASE_NOT_FOUND', () => store.leaseRevoke(id));
    },
  );

  check('a lease that runs out takes its keys with it', async (t, { store, key, prefix, pass, put, list }) => {
    const watch = await store.watch(prefix());
    const { id } = await store.leaseGrant(3);
    await store.put(key('a'), Buffer.from('1'), { lease: id });
    await put('b', '1');
    await pass(8);
    const events = await readEvents(t, watch, 3);
    t.is(events[2]?.type, 'delete');
    t.deepEqual(await list(), ['b=1']);
    t.is((await store.leaseTimeToLive(id)).remainingSeconds, -1);
    await throwsCode(t, 'STORE_LEASE_NOT_FOUND', () => store.leaseKeepAlive(id));
  });

  check('leaseKeepAlive() starts the time anew', async (t, { store, key, pass }) => {
    const { id, ttlSeconds } = await store.leaseGrant(4);
    await store.put(key('a'), Buffer.from('1'), { lease: id });
    for (let i = 0; i < 3; i++) {
      await pass(2);
      t.is((await store.leaseKeepAlive(id)).ttlSeconds, ttlSeconds);
    }
    t.is((await store.range({ key: key('a') })).count, 1);
    t.true((await store.leaseTimeToLive(id)).remainingSeconds >= ttlSeconds - 2);
    await store.leaseRevoke(id);
    await throwsCode(t, 'STORE_LEASE_NOT_FOUND', () => store.leaseKeepAlive(id));
  });
}
