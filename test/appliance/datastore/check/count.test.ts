/** Keys are counted to the last page, and by what they are for. */
import test from 'ava';
import { countKeys } from '#appliance/datastore/check/count.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';

test('countKeys() counts more keys than a page holds, as of the revision', async (t) => {
  const store = await openMemoryStore({ retention: false });
  const put = (key: string) => ({ type: 'put', key: Buffer.from(key), value: Buffer.from('{}') }) as const;
  const tiers = Array.from({ length: 4100 }, (_, i) =>
    put(`/calico/resources/v3/projectcalico.org/tiers/t${String(i).padStart(4, '0')}`),
  );
  for (let i = 0; i < tiers.length; i += 100)
    await store.txn({ compare: [], success: tiers.slice(i, i + 100), failure: [] });
  const others = [
    '/calico/ipam/v2/handle/a',
    '/calico/ipam/v2/host/n',
    '/calico/felix/v1/host/n/x',
    '/calico/new',
    '/else',
  ];
  for (const key of others) await store.put(Buffer.from(key), Buffer.from('{}'));
  const { current } = await store.revisions();
  await store.delete({ key: Buffer.from('/else') });
  t.deepEqual(await countKeys(store, current), {
    keys: 4105,
    kinds: { IPAMHandle: 1, IPAMHost: 1, Status: 1, Tier: 4100, foreign: 1, unknown: 1 },
  });
});
