/** A matrix of who x what x where, over the rules; and what a write may slip through. */
import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Store, TxnRequest } from '#appliance/datastore/store.ts';
import { type Identity, identify, localIdentity } from '#appliance/etcd-face/access/identity.ts';
import { permittedTxn, requireLease, requireRead } from '#appliance/etcd-face/access/permit.ts';

const bytes = (text: string) => Buffer.from(text);
const node = (name: string): Identity => ({ type: 'node', name: `system:node:${name}`, node: name });
const nobody: Identity = { type: 'nobody', name: 'stranger' };
const resources = '/calico/resources/v3/projectcalico.org/';
const ipam = '/calico/ipam/v2/';
const block = (affinity: string | null, nodes: string[] = []) =>
  JSON.stringify({ affinity, attributes: nodes.map((name) => ({ secondary: { node: name } })) });
const handle = (...cidrs: string[]) => JSON.stringify({ block: Object.fromEntries(cidrs.map((cidr) => [cidr, 1])) });
const of = (name: string) => JSON.stringify({ spec: { node: name } });

for (const [title, subject, type] of [
  ['a master', { CN: 'anyone', O: 'system:masters' }, 'admin'],
  ['a master among other groups', { CN: 'anyone', O: ['a', 'system:masters'] }, 'admin'],
  ['a node', { CN: 'system:node:n-1', O: 'system:nodes' }, 'node'],
  ['a node without the group', { CN: 'system:node:n-1' }, 'nobody'],
  ['a group without a node', { CN: 'n-1', O: 'system:nodes' }, 'nobody'],
  ['a node whose name is a path', { CN: 'system:node:n-1/../n-2', O: 'system:nodes' }, 'nobody'],
  ['a node without a name', { CN: 'system:node:', O: 'system:nodes' }, 'nobody'],
  ['two common names', { CN: ['system:node:n-1', 'system:node:n-2'], O: 'system:nodes' }, 'nobody'],
  ['an empty subject', {}, 'nobody'],
  ['no certificate', undefined, 'nobody'],
] as const) {
  test(`\`identify()\` takes ${title} for ${type}`, (t) => {
    t.is(identify(subject).type, type);
  });
}

/** What is there before each try. */
const stored: Readonly<Record<string, string>> = {
  [`${resources}hostendpoints/own`]: of('n-1'),
  [`${resources}hostendpoints/other`]: of('n-2'),
  [`${ipam}assignment/ipv4/block/10.0.0.0-26`]: block('host:n-1'),
  [`${ipam}assignment/ipv4/block/10.0.1.0-26`]: block('host:n-2'),
  [`${ipam}assignment/ipv4/block/10.0.2.0-26`]: block(null, ['n-1']),
  [`${ipam}assignment/ipv4/block/10.0.3.0-26`]: block(null, ['n-1', 'n-2']),
  [`${ipam}assignment/ipv6/block/fd00::-122`]: block('host:n-2'),
  [`${ipam}handle/own`]: handle('10.0.0.0/26'),
  [`${ipam}handle/other`]: handle('10.0.1.0/26'),
};

/** Key, what is put there, and whether n-1 may: put it, delete it. */
const writes: readonly (readonly [key: string, value: string, put: boolean, del: boolean])[] = [
  ['/calico/felix/v1/host/n-1/endpoint/eth0', '{}', true, true],
  ['/calico/felix/v1/host/n-2/endpoint/eth0', '{}', false, false],
  ['/calico/felix/v1/host/n-11/endpoint/eth0', '{}', false, false],
  ['/calico/felix/v2/no-region/host/n-1/status', '{}', true, true],
  ['/calico/felix/v2/region-x/host/n-1/status', '{}', true, true],
  ['/calico/felix/v2//host/n-1/status', '{}', false, false],
  ['/calico/felix/v2/a/b/host/n-1/status', '{}', false, false],
  ['/calico/felix/v2/no-region/host/n-2/status', '{}', false, false],
  ['/calico/appliance/v1/host/n-1/policy/x', '{}', true, true],
  [`${resources}nodes/n-1`, '{}', true, true],
  [`${resources}nodes/n-2`, '{}', false, false],
  [`${resources}nodes/n-1/x`, '{}', false, false],
  [`${resources}felixconfigurations/node.n-1`, '{}', true, true],
  [`${resources}felixconfigurations/default`, '{}', false, false],
  [`${resources}globalnetworkpolicies/web`, '{}', false, false],
  [`${resources}clusterinformations/default`, '{}', false, false],
  [`${resources}workloadendpoints/prod/n--1-cni-c0ffee-eth0`, '{}', true, true],
  [`${resources}workloadendpoints/prod/n--2-cni-c0ffee-eth0`, '{}', false, false],
  [`${resources}workloadendpoints/prod/n--1--x-cni-c0ffee-eth0`, '{}', false, false],
  [`${resources}workloadendpoints/prod/n--1-`, '{}', false, false],
  [`${resources}hostendpoints/new`, of('n-1'), true, true],
  [`${resources}hostendpoints/new`, of('n-2'), false, true],
  [`${resources}hostendpoints/new`, 'no json', false, true],
  [`${resources}hostendpoints/own`, of('n-1'), true, true],
  [`${resources}hostendpoints/own`, of('n-2'), false, true],
  [`${resources}hostendpoints/other`, of('n-1'), false, false],
  [`${ipam}config`, '{}', false, false],
  [`${ipam}host/n-1`, '{}', true, true],
  [`${ipam}host/n-1/ipv4/block/10.0.0.0-26`, '{}', true, true],
  [`${ipam}host/n-2/ipv4/block/10.0.0.0-26`, '{}', false, false],
  [`${ipam}assignment/ipv4/block/10.0.0.0-26`, block('host:n-1'), true, true],
  [`${ipam}assignment/ipv4/block/10.0.0.0-26`, block(null), true, true],
  [`${ipam}assignment/ipv4/block/10.0.0.0-26`, block('host:n-2'), false, true],
  [`${ipam}assignment/ipv4/block/10.0.1.0-26`, block('host:n-1'), false, false],
  [`${ipam}assignment/ipv4/block/10.0.2.0-26`, block(null, ['n-1']), true, true],
  [`${ipam}assignment/ipv4/block/10.0.3.0-26`, block(null, ['n-1']), false, false],
  [`${ipam}assignment/ipv4/block/10.0.9.0-26`, block('host:n-1'), true, true],
  [`${ipam}assignment/ipv6/block/fd00::-122`, block('host:n-1'), false, false],
  [`${ipam}handle/own`, handle('10.0.0.0/26'), true, true],
  [`${ipam}handle/own`, handle('10.0.0.0/26', '10.0.1.0/26'), false, true],
  [`${ipam}handle/other`, handle('10.0.0.0/26'), false, false],
  [`${ipam}handle/new`, handle('fd00::/122'), false, true],
  [`${ipam}handle/vxlan-tunnel-addr-n-1`, handle('10.0.1.0/26'), true, true],
  [`${ipam}handle/vxlan-tunnel-addr-n-2`, handle('10.0.1.0/26'), false, true],
  [`${ipam}handle/x-tunnel-addr-n-1`, handle('10.0.1.0/26'), false, true],
  ['/other', '{}', false, false],
];

/** A block of n-2 with four addresses: who has each, and where it says that those are free which nobody has. */
const block4 = (holders: readonly (string | null)[], more: object = {}) =>
  JSON.stringify({
    cidr: '10.0.8.0/30',
    affinity: 'host:n-2',
    allocations: holders.map((holder, i) => (holder === null ? null : i)),
    attributes: holders.map((holder) =>
      holder === null
        ? {}
        : { secondary: { node: holder.replace('!', '') }, ...(holder.endsWith('!') && { releasedAt: 'then' }) },
    ),
    unallocated: holders.flatMap((holder, i) => (holder === null ? [i] : [])),
    ...more,
  });

/** What n-1 makes of a block of n-2, and whether it may. */
const borrowings: readonly (readonly [
  title: string,
  before: readonly (string | null)[],
  after: string,
  may: boolean,
])[] = [
  ['borrows', ['n-2', null, null, null], block4(['n-2', 'n-1', null, null]), true],
  ['gives back', ['n-2', 'n-1', null, null], block4(['n-2', null, null, null]), true],
  ['frees what cooled down', ['n-2', 'n-3!', null, null], block4(['n-2', null, 'n-1', null]), true],
  ['takes what is another’s', ['n-2', null, null, null], block4(['n-1', null, null, null]), false],
  ['frees what is another’s', ['n-2', null, null, null], block4([null, null, null, null]), false],
  ['gives to another', ['n-2', null, null, null], block4(['n-2', 'n-3', null, null]), false],
  ['takes the block', ['n-2', null, null, null], block4(['n-2', 'n-1', null, null], { affinity: 'host:n-1' }), false],
  ['hides what is free', ['n-2', null, null, null], block4(['n-2', 'n-1', null, null], { unallocated: [2] }), false],
  [
    'says twice what is free',
    ['n-2', null, null, null],
    block4(['n-2', 'n-1', null, null], { unallocated: [2, 2] }),
    false,
  ],
  ['shortens it', ['n-2', null, null, null], block4(['n-2', 'n-1', null]), false],
  ['breaks it', ['n-2', null, null, null], 'no json', false],
];

for (const [title, before, after, may] of borrowings) {
  test(`a node that ${title} in the block of another ${may ? 'may' : 'may not'}; with strict affinity it only gives back`, async (t) => {
    const key = bytes(`${ipam}assignment/ipv4/block/10.0.8.0-30`);
    const request: TxnRequest = { compare: [], success: [{ type: 'put', key, value: bytes(after) }], failure: [] };
    const store = await openMemoryStore();
    await store.put(key, bytes(block4(before)));
    t.is(await isAllowed(() => permittedTxn(store, node('n-1'), request)), may);
    await store.put(key, bytes(block4(before)));
    await store.put(bytes(`${ipam}config`), bytes('{"strict_affinity":true}'));
    t.is(await isAllowed(() => permittedTxn(store, node('n-1'), request)), title === 'gives back');
    const gone: TxnRequest = { ...request, success: [{ type: 'delete', key }] };
    t.false(await isAllowed(() => permittedTxn(store, node('n-1'), gone)));
    await store.close();
  });
}

async function fill(): Promise<Store> {
  const store = await openMemoryStore();
  for (const [key, value] of Object.entries(stored)) await store.put(bytes(key), bytes(value));
  return store;
}

async function isAllowed(attempt: () => unknown): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if ((error as { refusal?: { code: number } }).refusal?.code !== 7) throw error;
    return false;
  }
}

/** The same operation alone, as the failure of a condition, and two transactions deep. */
function forms(op: TxnRequest['success'][number]): readonly TxnRequest[] {
  const none = { compare: [], success: [], failure: [] };
  const nested: TxnRequest = { ...none, success: [{ type: 'txn', ...none, failure: [op] }] };
  return [
    { ...none, success: [op] },
    { ...none, failure: [op] },
    { ...none, success: [{ type: 'txn', ...nested }] },
  ];
}

test('`permittedTxn()` lets a node write its own and nothing else, however deep it is hidden', async (t) => {
  for (const [key, value, put, del] of writes) {
    for (const [i, request] of forms({ type: 'put', key: bytes(key), value: bytes(value) }).entries()) {
      const store = await fill();
      const before = (await store.revisions()).current;
      t.is(await isAllowed(() => permittedTxn(store, node('n-1'), request)), put, `put ${key} ${value} (${i})`);
      if (!put) t.is((await store.revisions()).current, before);
      t.false(await isAllowed(() => permittedTxn(store, nobody, request)));
      t.true(await isAllowed(() => permittedTxn(store, localIdentity, request)));
      await store.close();
    }
    for (const request of forms({ type: 'delete', key: bytes(key) })) {
      const store = await fill();
      t.is(await isAllowed(() => permittedTxn(store, node('n-1'), request)), del, `delete ${key}`);
      await store.close();
    }
  }
});

test('`permittedTxn()` lets a node delete by range only what lies below its own prefixes', async (t) => {
  const store = await fill();
  for (const [key, rangeEnd, expected] of [
    ['/calico/felix/v1/host/n-1/', '/calico/felix/v1/host/n-10', true],
    ['/calico/felix/v1/host/n-1/', '/calico/felix/v1/host/n-11', false],
    ['/calico/felix/v1/host/n-1/', '\0', false],
    ['/calico/felix/v1/host/', '/calico/felix/v1/host0', false],
    ['/calico/felix/v2/no-region/host/n-1/a', '/calico/felix/v2/no-region/host/n-1/b', true],
    [`${resources}workloadendpoints/prod/n--1-a`, `${resources}workloadendpoints/prod/n--1-b`, false],
    [`${resources}nodes/n-1`, `${resources}nodes/n-1\0`, false],
  ] as const) {
    const request = {
      compare: [],
      success: [{ type: 'delete', key: bytes(key), rangeEnd: bytes(rangeEnd) }],
      failure: [],
    };
    t.is(
      await isAllowed(() => permittedTxn(store, node('n-1'), request as TxnRequest)),
      expected,
      `${key} ${rangeEnd}`,
    );
  }
  await store.close();
});

test('`requireRead()` lets a node read what Felix reads', async (t) => {
  for (const [key, rangeEnd, expected] of [
    [resources, '/calico/resources/v3/projectcalico.org0', true],
    [`${resources}nodes/n-2`, undefined, true],
    [ipam, '/calico/ipam/v20', true],
    ['/calico/felix/v1/host/n-2/endpoint/e', undefined, false],
    ['/calico/felix/v1/host/n-1/', '/calico/felix/v1/host/n-10', true],
    ['/calico/', '/calico0', false],
    ['/other', undefined, false],
    ['\0', undefined, true],
    ['/calico/', undefined, true],
    ['/calico/x', undefined, false],
    ['\0', '\0', false],
  ] as const) {
    const range = { key: bytes(key), ...(rangeEnd === undefined ? {} : { rangeEnd: bytes(rangeEnd) }) };
    t.is(await isAllowed(() => requireRead(node('n-1'), range)), expected, key);
    t.false(await isAllowed(() => requireRead(nobody, range)));
    t.true(await isAllowed(() => requireRead(localIdentity, range)));
  }
});

test('a node may not even compare what it may not read', async (t) => {
  const store = await fill();
  const compare = [{ key: bytes('/secret'), target: 'version', operand: 0, result: 'equal' }] as const;
  t.false(await isAllowed(() => permittedTxn(store, node('n-1'), { compare, success: [], failure: [] })));
  await store.close();
});

test("a node may not touch a lease that holds another's key, nor hang its own key on it", async (t) => {
  const store = await fill();
  const own = '/calico/felix/v1/host/n-1/status';
  const { id } = await store.leaseGrant(60);
  t.true(await isAllowed(() => requireLease(store, node('n-1'), id)));
  await store.put(bytes('/calico/felix/v1/host/n-2/status'), bytes('{}'), { lease: id });
  t.false(await isAllowed(() => requireLease(store, node('n-1'), id)));
  t.true(await isAllowed(() => requireLease(store, node('n-2'), id)));
  const put = { type: 'put', key: bytes(own), value: bytes('{}'), lease: id } as const;
  t.false(await isAllowed(() => permittedTxn(store, node('n-1'), { compare: [], success: [put], failure: [] })));
  await store.close();
});

test('a write that was allowed for what was stored fails when that changes before it is done', async (t) => {
  const store = await fill();
  const key = bytes(`${ipam}assignment/ipv4/block/10.0.0.0-26`);
  const racing = new Proxy(store, {
    get: (target, name: keyof Store) =>
      name !== 'txn'
        ? (target[name] as () => unknown).bind(target)
        : async (request: TxnRequest) => {
            await target.put(key, bytes(block('host:n-2')));
            return target.txn(request);
          },
  });
  const put = { type: 'put', key, value: bytes(block('host:n-1')) } as const;
  t.false(await isAllowed(() => permittedTxn(racing, node('n-1'), { compare: [], success: [put], failure: [] })));
  t.is((await store.range({ key })).entries[0]?.value.toString(), block('host:n-2'));
  await store.close();
});
