/** Contract: what was acknowledged is there after a close and a new open. Skipped by backends with nothing to come back to. */
import type { TestFn } from 'ava';
import { contractTests, readEvents, type StoreFactory, throwsCode } from './scope.ts';

export function durabilityContract(test: TestFn, name: string, factory: StoreFactory): void {
  const check = contractTests(test, name, factory);

  check('supports.durable says what the backend is', async (t, { store }) => {
    t.is(store.supports.durable, factory.supports.durable);
  });
  if (!factory.supports.durable) return;

  check('reopening gives the same keys, history and revisions', async (t, scope) => {
    const { store, key, prefix, put, reopen } = scope;
    const first = await put('a', '1');
    await put('a', '2');
    await store.delete({ key: key('a') });
    await put('b', '1');
    const last = await put('b', '2');
    const [before, old] = [await store.range(prefix()), await store.range({ ...prefix(), revision: first })];
    const again = await reopen!();
    t.deepEqual((await again.range(prefix())).entries, before.entries);
    t.deepEqual((await again.range({ ...prefix(), revision: first })).entries, old.entries);
    t.true((await again.revisions()).current >= last);
    t.true((await again.put(key('c'), Buffer.from('1'))).revision > last);
    const events = await readEvents(t, await again.watch({ ...prefix(), startRevision: first }), 6);
    t.deepEqual(
      events.map(({ type }) => type),
      ['put', 'put', 'delete', 'put', 'put', 'put'],
    );
  });

  check('reopening keeps what is compacted compacted', async (t, { key, store, put, reopen }) => {
    const first = await put('a', '1');
    const second = await put('a', '2');
    await store.compact(second);
    const again = await reopen!();
    await throwsCode(t, 'STORE_COMPACTED', () => again.range({ key: key('a'), revision: first }));
    t.is((await again.revisions()).compacted, second);
    t.is((await again.range({ key: key('a'), revision: second })).entries[0]?.value.toString(), '2');
  });

  check('reopening keeps leases, their keys, and at most their full time', async (t, { key, store, reopen }) => {
    const { id } = await store.leaseGrant(600);
    const gone = await store.leaseGrant(600);
    await store.put(key('a'), Buffer.from('1'), { lease: id });
    await store.leaseRevoke(gone.id);
    const again = await reopen!();
    const { ttlSeconds, remainingSeconds, keys } = await again.leaseTimeToLive(id, true);
    t.deepEqual([ttlSeconds, keys], [600, [key('a')]]);
    t.true(remainingSeconds > 0 && remainingSeconds <= 600);
    t.false((await again.leases()).includes(gone.id));
    await again.leaseRevoke(id);
    t.is((await again.range({ key: key('a') })).count, 0);
  });
}
