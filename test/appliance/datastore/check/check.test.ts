/** What a check finds, one broken thing at a time. */
import test from 'ava';
import { checkHistory, checkStore } from '#appliance/datastore/check/check.ts';
import { ensureInitialized } from '#appliance/datastore/effects/ensure-initialized.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { createResources } from '#appliance/datastore/resources.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { decodeResource } from '#appliance/resources/decode.ts';
import { storeKey } from '#appliance/resources/key.ts';
import { kinds } from '#appliance/resources/registry.ts';
import { encodeStored } from '#appliance/resources/stored.ts';

const root = '/calico/resources/v3/projectcalico.org/';
const blockKey = '/calico/ipam/v2/assignment/ipv4/block/10.77.3.64-30';
const affinityKey = '/calico/ipam/v2/host/node-7/ipv4/block/10.77.3.64-30';
const handleKey = '/calico/ipam/v2/handle/net0.7f';
const block = {
  cidr: '10.77.3.64/30',
  affinity: 'host:node-7',
  allocations: [null, 0, null, null],
  unallocated: [0, 2, 3],
  attributes: [{ handle_id: 'net0.7f' }],
  deleted: false,
};

test('checkStore() has nothing to say of the example of every kind and of sound IPAM', async (t) => {
  const store = await sound();
  const { keys, findings, revision } = await checkStore(store);
  t.deepEqual(findings, []);
  t.true(keys > kinds.length + 4);
  t.is(revision, (await store.revisions()).current);
  t.true((await checkHistory(store)) > keys);
});

/** What is changed, and what is said of it. */
const cases: readonly (readonly [string, string, string | undefined, RegExp])[] = [
  ['a value that is no JSON', `${root}ippools/main`, '{"kind"', /^error .*ippools\/main cannot be read/],
  ['a value of another form', `${root}tiers/x`, '{"spec":{"order":"first"}}', /^error .*tiers\/x cannot be read/],
  [
    'a resource that breaks a rule',
    `${root}ippools/bad`,
    '{"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":"bad","uid":"b"},"spec":{"cidr":"10.0.0.1/99"}}',
    /^error .*ippools\/bad breaks rules of its kind/,
  ],
  [
    'a uid that another has',
    `${root}profiles/copy`,
    '{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"copy","uid":"uid-3"},"spec":{}}',
    /has the uid uid-3 of .*profiles\/copy/,
  ],
  [
    'a policy that was never migrated',
    `${root}globalnetworkpolicies/default.old`,
    '{"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"default.old","uid":"o"},"spec":{"types":["Ingress"]}}',
    /^warning .*default\.old is the policy old under the name of an older version/,
  ],
  ['a key nobody knows', '/calico/resources/v4/x', '{}', /^warning \/calico\/resources\/v4\/x is of no known form/],
  [
    'no ClusterInformation',
    `${root}clusterinformations/default`,
    undefined,
    /^error .*clusterinformations\/default is missing/,
  ],
  [
    'a mark of a restore',
    '/calico-appliance/unfinished',
    '{"sha256":""}',
    /^error \/calico-appliance\/unfinished tells/,
  ],
  [
    'a block without its affinity',
    affinityKey,
    undefined,
    /^error .*10\.77\.3\.64-30 belongs to host:node-7, which has no/,
  ],
  ['an affinity without its block', blockKey, undefined, /^error .*host\/node-7.* has no block/],
  [
    'an affinity that is pending',
    '/calico/ipam/v2/host/node-8/ipv4/block/10.77.3.64-30',
    '{"state":"pending"}',
    /^warning .*node-8.* belongs to host:node-7; it is pending/,
  ],
  [
    'an address without its handle',
    handleKey,
    undefined,
    /^error .*gives 1 addresses to net0\.7f, whose handle says none/,
  ],
  ['a handle that counts wrongly', handleKey, '{"block":{"10.77.3.64/30":2}}', /whose handle says 2/],
  [
    'a handle of no address',
    '/calico/ipam/v2/handle/x',
    '{"block":{"10.77.3.64/30":1}}',
    /^error .*handle\/x holds addresses of/,
  ],
  ['a free address that is not listed', blockKey, change({ unallocated: [0, 2] }), /address 3 is free and not listed/],
  ['a given address that is listed', blockKey, change({ unallocated: [0, 1, 2, 3] }), /address 1 is given and listed/],
  [
    'an attribute that is not there',
    blockKey,
    change({ attributes: [] }),
    /address 1 has the attribute 0, which is not there/,
  ],
  [
    'a block of another size',
    blockKey,
    change({ allocations: [null, 0], unallocated: [0] }),
    /has 2 addresses instead of 4/,
  ],
  ['a block of another net', blockKey, change({ cidr: '10.77.3.0/30' }), /^error .*says it is 10\.77\.3\.0\/30/],
  ['a block that is none', blockKey, '{}', /lacks the lists of a block/],
];

for (const [title, key, value, expected] of cases) {
  test(`checkStore() finds ${title}`, async (t) => {
    const store = await sound();
    if (value === undefined) await store.delete({ key: Buffer.from(key) });
    else await store.put(Buffer.from(key), Buffer.from(value));
    const lines = (await checkStore(store)).findings.map((found) => `${found.level} ${found.key} ${found.message}`);
    t.true(
      lines.some((line) => expected.test(line)),
      lines.join('\n'),
    );
  });
}

test('checkStore() leaves keys of other programs alone', async (t) => {
  const store = await sound();
  await store.put(Buffer.from('/registry/pods/x'), Buffer.from([0xff]));
  await store.put(Buffer.from('/calico/felix/v1/host/x/endpoint/y'), Buffer.from('{}'));
  t.deepEqual((await checkStore(store)).findings, []);
});

function change(fields: object): string {
  return JSON.stringify({ ...block, ...fields });
}

/** A store with everything in it and nothing wrong. */
async function sound(): Promise<Store> {
  const store = await openMemoryStore({ retention: false });
  let made = 0;
  const uuid = () => `uid-${made++}`;
  await ensureInitialized(createResources(store, { now: () => new Date(), uuid }), '5f0e7a9b3c1d4e2f8a6b7c9d0e1f2a3b');
  const put = (key: string, value: string) => store.put(Buffer.from(key), Buffer.from(value));
  for (const kind of kinds.filter(({ kind }) => kind !== 'ClusterInformation')) {
    const decoded = decodeResource(kind.example, 'create');
    if (!decoded.ok) throw new Error(`${kind.kind}: its example is no good`);
    const metadata = { ...decoded.value.metadata, uid: uuid() };
    const key = storeKey(kind, metadata.namespace, metadata.name);
    await put(key, encodeStored({ ...decoded.value, metadata }));
    await put(key, encodeStored({ ...decoded.value, metadata }));
  }
  await put(blockKey, JSON.stringify(block));
  await put(affinityKey, '{"state":"confirmed","deleted":false}');
  await put(handleKey, '{"block":{"10.77.3.64/30":1},"deleted":false}');
  await put('/calico/ipam/v2/config', '{"auto_allocate_blocks":true}');
  return store;
}
