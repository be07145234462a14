/** Every class of problem that a check knows, made one at a time in the store that Calico's client left. */
import test from 'ava';
import { kindOf } from '#appliance/resources/registry.ts';
import { openGoldenIpam } from './golden-ipam.ts';

const base = '/calico/ipam/v2/assignment/ipv4/block/';
const tunnelBlock = `${base}10.77.0.80-28`;

function workload(name: string, ...ipNetworks: string[]) {
  return {
    kind: 'WorkloadEndpoint',
    apiVersion: 'projectcalico.org/v3',
    metadata: { name: `node--1-cni-${name}-eth0`, namespace: 'shop' },
    spec: {
      node: 'node-1',
      orchestrator: 'cni',
      workload: '',
      containerID: name,
      endpoint: 'eth0',
      interfaceName: `cali${name}`,
      ipNetworks,
    },
  };
}

test('an address that somebody uses is no leak, a tunnel’s and a workload’s', async (t) => {
  const { ipam, resources } = await openGoldenIpam();
  const before = await ipam.check();
  t.is(before.problems.leaked.length, 26);
  await resources.create(workload('one', '10.77.0.240/32'));
  const node = { kind: kindOf('Node')!, namespace: '', name: 'node-2' };
  await resources.modify(node, (current) => ({
    ...current,
    spec: { bgp: { ...(current.spec.bgp as object), ipv4IPIPTunnelAddr: '10.77.0.80' } },
  }));
  const { problems, counts, blocks } = await ipam.check();
  t.is(problems.leaked.length, 24);
  t.is(counts.addressesInUse, 2);
  const reported = blocks.flatMap(({ allocations }) => allocations).find(({ ip }) => ip === '10.77.0.240');
  t.like(reported, {
    handle: 'net0.7f3a9c21d0b4',
    pod: 'web-0',
    namespace: 'shop',
    node: 'node-1',
    inUse: true,
    sequenceNumber: '1795386108831035254',
    owners: ['Workload(shop/node--1-cni-one-eth0)'],
  });
});

test('uses without an allocation, outside of pools, and of two owners are found', async (t) => {
  const { ipam, resources } = await openGoldenIpam();
  await resources.create(workload('one', '10.77.0.99/32'));
  await resources.create(workload('two', '192.0.2.77/32'));
  await resources.create(workload('three', '10.77.0.240/32'));
  await resources.create(workload('four', '10.77.0.240/32'));
  const { problems } = await ipam.check();
  t.deepEqual(
    problems.notAllocated.map(({ ip }) => ip),
    ['10.77.0.99'],
  );
  t.deepEqual(
    problems.outsidePools.map(({ ip }) => ip),
    ['192.0.2.77'],
  );
  t.deepEqual(
    problems.severalOwners.map(({ ip, owners }) => [ip, owners.length]),
    [['10.77.0.240', 2]],
  );
});

test('handles without addresses, and addresses without their handle, are found', async (t) => {
  const { ipam, store, write } = await openGoldenIpam();
  await write('/calico/ipam/v2/handle/gone', '{"block":{"10.77.0.0/28":1},"deleted":false}');
  await store.delete({ key: Buffer.from('/calico/ipam/v2/handle/ipip-tunnel-addr-node-2') });
  const { problems } = await ipam.check();
  t.deepEqual(
    problems.leakedHandles.map(({ id }) => id),
    ['gone'],
  );
  t.deepEqual(problems.missingHandles, ['ipip-tunnel-addr-node-2']);
});

test('a leaked handle is deleted only as it was seen', async (t) => {
  const { ipam, write } = await openGoldenIpam();
  await write('/calico/ipam/v2/handle/gone', '{"block":{},"deleted":false}');
  const [leaked] = (await ipam.check()).problems.leakedHandles;
  await write('/calico/ipam/v2/handle/gone', '{"block":{"10.77.0.0/28":1},"deleted":false}');
  t.deepEqual((await ipam.release({ addresses: [], handles: [leaked!] })).skippedHandles, ['gone']);
  const [again] = (await ipam.check()).problems.leakedHandles;
  t.deepEqual((await ipam.release({ addresses: [], handles: [again!] })).deletedHandles, ['gone']);
});

const damages: readonly [string, (block: Record<string, unknown>) => object, RegExp][] = [
  ['an attribute out of range', (block) => ({ ...block, attributes: [] }), /attribute 0, which is not there/],
  [
    'an attribute nobody has',
    ({ attributes, ...block }) => ({ ...block, attributes: [...(attributes as object[]), { secondary: {} }] }),
    /attribute 1, which no address has/,
  ],
  [
    'a free address listed twice',
    (block) => ({ ...block, unallocated: [3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 2] }),
    /twice/,
  ],
  [
    'a free address out of range',
    (block) => ({ ...block, unallocated: [99, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 2] }),
    /does not have/,
  ],
  [
    'a size that is not the CIDR’s',
    (block) => ({ ...block, allocations: [0], unallocated: [] }),
    /1 addresses instead of 16/,
  ],
  ['a release to come', (block) => ({ ...block, attributes: [{ releasedAt: '2030-01-01T00:00:00Z' }] }), /is to come/],
  ['another block’s CIDR', (block) => ({ ...block, cidr: '10.77.0.96/28' }), /says it is 10\.77\.0\.96\/28/],
  ['no lists', () => ({ cidr: '10.77.0.80/28' }), /lacks the lists/],
];

for (const [what, damage, expected] of damages) {
  test(`a block with ${what} is found`, async (t) => {
    const { ipam, read, write } = await openGoldenIpam();
    t.deepEqual((await ipam.check()).problems.invalid, []);
    await write(tunnelBlock, JSON.stringify(damage(JSON.parse((await read(tunnelBlock))!))));
    const { invalid } = (await ipam.check()).problems;
    t.true(
      invalid.some(({ problem }) => expected.test(problem)),
      JSON.stringify(invalid),
    );
  });
}

test('blocks and affinities that disagree are found', async (t) => {
  const { ipam, store } = await openGoldenIpam();
  await store.delete({ key: Buffer.from('/calico/ipam/v2/host/node-1/ipv4/block/10.77.0.0-28') });
  await store.delete({ key: Buffer.from(tunnelBlock) });
  const { disagreements } = (await ipam.check()).problems;
  t.true(disagreements.includes('block 10.77.0.0/28 belongs to host:node-1, which has no affinity for it'));
  t.true(disagreements.includes('host:node-2 has a confirmed affinity for 10.77.0.80/28, which belongs to nobody'));
});
