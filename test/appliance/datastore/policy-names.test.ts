/** Policies as v3.25 and v3.30 stored them get the keys of today, and everything else stays. */
import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { migratePolicyNames } from '#appliance/datastore/migrate/policy-names.ts';
import { createResources } from '#appliance/datastore/resources.ts';
import { kindOf } from '#appliance/resources/registry.ts';
import { goldenStamps, readEntries } from '../../interop/golden.ts';

for (const file of ['v3.25.2-stored.txt', 'v3.30.7-stored.txt']) {
  test(`what ${file.slice(0, 7)} stored is found under its own name afterwards`, async (t) => {
    const store = await openMemoryStore();
    for (const { key, value } of readEntries(file)) await store.put(Buffer.from(key), Buffer.from(value));
    const before = await keysOf(store);
    const old = before.filter((key) => /policies\/(?:[^/]+\/)?default\./.test(key));
    t.true(old.length > 0);
    t.deepEqual(
      (await migratePolicyNames(store, true)).map(({ from }) => from),
      old,
    );
    t.deepEqual(await keysOf(store), before);
    const moves = await migratePolicyNames(store, false);
    t.deepEqual(
      moves.map(({ from, to }) => from.replace('/default.', '/') === to),
      old.map(() => true),
    );
    const renamed = before.map((key) => (old.includes(key) ? key.replace('/default.', '/') : key));
    t.deepEqual(await keysOf(store), renamed.sort());
    t.deepEqual(await migratePolicyNames(store, false), []);
    const resources = createResources(store, goldenStamps);
    const name = moves
      .find(({ to }) => to.includes('/globalnetworkpolicies/'))!
      .to.split('/')
      .at(-1)!;
    const ref = { kind: kindOf('GlobalNetworkPolicy')!, namespace: '', name };
    t.is((await resources.get(ref)).resource.metadata.name, name);
  });
}

test('a policy that has its new key already only loses the old one', async (t) => {
  const store = await openMemoryStore();
  const { key, value } = readEntries('v3.25.2-stored.txt').find((one) =>
    one.key.includes('globalnetworkpolicies/default.'),
  )!;
  await store.put(Buffer.from(key), Buffer.from(value));
  await store.put(Buffer.from(key.replace('/default.', '/')), Buffer.from('{"a":1}'));
  t.is((await migratePolicyNames(store, false)).length, 1);
  t.deepEqual(await keysOf(store), [key.replace('/default.', '/')]);
});

async function keysOf(store: Awaited<ReturnType<typeof openMemoryStore>>): Promise<string[]> {
  const { entries } = await store.range({ key: Buffer.from([0]), rangeEnd: Buffer.from([0]) });
  return entries.map((entry) => entry.key.toString());
}
