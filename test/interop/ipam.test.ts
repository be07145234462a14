/**
 * What Calico's IPAM client keeps in the store passes through here unharmed: sequence numbers above 2^53, the order of free addresses,
 * `null` where nothing is. The golden file was written by that client: assignments on three hosts, releases, a configuration.
 */
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { createResources } from '#appliance/datastore/resources.ts';
import { prefixEnd, type Store } from '#appliance/datastore/store.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { kindOf } from '#appliance/resources/registry.ts';
import { serveMemory } from '../appliance/etcd-face/face.ts';
import { type GoldenEntry, goldenStamps, readEntries } from './golden.ts';

const golden = readEntries('ipam.txt');
const ipam = golden.filter(({ key }) => key.startsWith('/calico/ipam/'));

test('the face takes and gives the bytes of IPAM as they are', async (t) => {
  await using served = await serveMemory({ store: await openMemoryStore() });
  const store = openEtcdStore({ endpoints: [served.face.address], log });
  try {
    for (const { key, value } of ipam) await store.put(Buffer.from(key), Buffer.from(value));
    t.deepEqual(await ipamOf(store), ipam);
  } finally {
    await store.close();
  }
});

test('changing pools and nodes leaves the bytes of IPAM alone', async (t) => {
  const { store, resources } = await holdingAll();
  const pool = { kind: kindOf('IPPool')!, namespace: '', name: 'v4' };
  await resources.modify(pool, (current) => ({ ...current, spec: { ...current.spec, disabled: true } }));
  const node = { kind: kindOf('Node')!, namespace: '', name: 'node-1' };
  await resources.modify(node, (current) => ({ ...current, metadata: { ...current.metadata, labels: { a: 'b' } } }));
  await resources.delete(node);
  await resources.delete(pool);
  t.deepEqual(await ipamOf(store), ipam);
});

test('a pool with another block size than the blocks inside is refused', async (t) => {
  const { resources } = await holdingAll();
  await resources.delete({ kind: kindOf('IPPool')!, namespace: '', name: 'v6' });
  const error = await t.throwsAsync(resources.create(pool('again', { cidr: 'fd00:77::/116', blockSize: 124 })));
  t.is((error as { code?: string } | undefined)?.code, 'RESOURCE_INVALID');
  await t.notThrowsAsync(resources.create(pool('again', { cidr: 'fd00:77::/116', blockSize: 122 })));
});

async function holdingAll() {
  const store = await openMemoryStore();
  for (const { key, value } of golden) await store.put(Buffer.from(key), Buffer.from(value));
  return { store, resources: createResources(store, goldenStamps) };
}

async function ipamOf(store: Store): Promise<GoldenEntry[]> {
  const key = Buffer.from('/calico/ipam/');
  const { entries } = await store.range({ key, rangeEnd: prefixEnd(key) });
  return entries.map((entry) => ({ key: entry.key.toString(), value: entry.value.toString() }));
}

function pool(name: string, spec: object): object {
  return { kind: 'IPPool', apiVersion: 'projectcalico.org/v3', metadata: { name }, spec };
}
