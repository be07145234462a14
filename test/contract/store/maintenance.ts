/** Contract: how the store is, and giving back what is not needed any more. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestFn } from 'ava';
import { contractTests, type StoreFactory, throwsCode } from './scope.ts';

export function maintenanceContract(test: TestFn, name: string, factory: StoreFactory): void {
  const check = contractTests(test, name, factory);

  check('status() knows the revisions', async (t, { store, put }) => {
    const first = await put('a', '1');
    await store.compact(first);
    const last = await put('a', '2');
    const { revision, compacted, version, alarms } = await store.status();
    t.true(revision >= last);
    t.is(compacted, first);
    t.regex(version, /^3\.\d+\.\d+/);
    t.deepEqual(alarms, []);
  });

  check('status() fails on a closed store', async (t, { store }) => {
    await store.close();
    await throwsCode(t, 'STORE_CLOSED', () => store.status());
    await throwsCode(t, 'STORE_CLOSED', () => store.defragment());
  });

  if (factory.supports.tellsSize === false) return;

  check('defragment() shrinks what compaction has emptied, and loses nothing', async (t, { store, put, list }) => {
    const value = randomBytes(75_000).toString('base64');
    for (let i = 0; i < 120; i++) await put(`${i % 3}`, `${i}${value}`);
    const { revision, sizeBytes: before } = await store.status();
    await store.compact(revision);
    const expected = await list();
    // etcd removes what was compacted in the background, a moment later
    for (let tries = 0; tries < 50 && (await store.status()).sizeBytes > before / 2; tries++) {
      await store.defragment();
      await sleep(50);
    }
    t.deepEqual(await list(), expected);
    const { sizeBytes, usedBytes = sizeBytes } = await store.status();
    t.true(sizeBytes < before / 2, `${before} bytes became ${sizeBytes}`);
    t.true(usedBytes <= sizeBytes && usedBytes > 0);
    await put('later', '1');
    t.deepEqual(await list('later'), ['later=1']);
  });
}
