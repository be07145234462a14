import test from 'ava';
import { ensureInitialized } from '#appliance/datastore/effects/ensure-initialized.ts';
import { guid, openTestResources, ref } from './test-resources.ts';

const info = ref('ClusterInformation', 'default');

test('ensureInitialized() makes ClusterInformation and the built-in tiers', async (t) => {
  const { resources, store } = await openTestResources(t);
  t.deepEqual((await resources.get(info)).resource.spec, { clusterGUID: guid, datastoreReady: true });
  const { entries } = await store.range({ key: Buffer.from('/calico/resources/v3/projectcalico.org/tiers/default') });
  t.is(
    entries[0]?.value.toString(),
    '{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"default","uid":"00000000-0000-4000-8000-000000000002","creationTimestamp":"2026-08-01T09:30:00Z"},"spec":{"order":1000000,"defaultAction":"Deny"},"status":{}}',
  );
});

test('ensureInitialized() changes nothing the second time', async (t) => {
  const { resources } = await openTestResources(t);
  const before = await resources.revision();
  await ensureInitialized(resources, '0'.repeat(32));
  t.is(await resources.revision(), before);
});

test('ensureInitialized() run by several at once agrees on one identity', async (t) => {
  const { resources } = await openTestResources(t);
  await resources.delete(info, { isSystem: true });
  await Promise.all(['1', '2', '3'].map((digit) => ensureInitialized(resources, digit.repeat(32))));
  t.regex(String((await resources.get(info)).resource.spec.clusterGUID), /^(1{32}|2{32}|3{32})$/);
});

test('ensureInitialized() keeps a store locked that was locked on purpose, and completes what is missing', async (t) => {
  const { resources } = await openTestResources(t);
  const set = (spec: Record<string, unknown>) =>
    resources.modify(info, (now) => ({ ...now, spec }), { isSystem: true });
  await set({ clusterType: 'bgp', datastoreReady: false });
  await ensureInitialized(resources, '1'.repeat(32));
  const wanted = { clusterGUID: '1'.repeat(32), clusterType: 'bgp', datastoreReady: false };
  t.deepEqual({ ...(await resources.get(info)).resource.spec }, wanted);
  await set({ clusterGUID: guid });
  await ensureInitialized(resources, '2'.repeat(32));
  t.deepEqual({ ...(await resources.get(info)).resource.spec }, { clusterGUID: guid, datastoreReady: true });
});
