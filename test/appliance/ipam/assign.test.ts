import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { addressesOfHandle, assignAddress } from '#appliance/ipam/assign.ts';
import { createIpam } from '#appliance/ipam/ipam.ts';
import { freeCidr } from '#appliance/ipam/model/assign.ts';
import { parseBlock } from '#appliance/ipam/model/block.ts';
import { rangeOfCidr } from '#appliance/ipam/model/range.ts';
import type { Pool } from '#appliance/ipam/pool.ts';

const now = () => Date.parse('2026-11-30T10:00:00Z');
const stamps = { now: () => new Date(now()), uuid: () => 'x' };

function pool(cidr: string, blockSize: number): Pool {
  return { name: cidr, cidr, range: rangeOfCidr(cidr)!, blockSize, isDisabled: false, nodeSelector: 'all()' };
}

function request(host: string, ...pools: Pool[]) {
  const owner = new Map([['node', host]]);
  return { host, handle: `vxlan-tunnel-addr-${host}`, owner, pools };
}

const read = async (store: Store, key: string) =>
  (await store.range({ key: Buffer.from(key) })).entries[0]?.value.toString();

test('assignAddress() claims a block, and gives its addresses in order until it is full', async (t) => {
  const store = await openMemoryStore();
  const given: string[] = [];
  for (let i = 0; i < 5; i++) given.push(await assignAddress(store, request('a', pool('10.0.0.0/28', 30)), now));
  t.is(new Set(given).size, 5);
  const blocks = (
    await store.range({
      key: Buffer.from('/calico/ipam/v2/assignment/'),
      rangeEnd: Buffer.from('/calico/ipam/v2/assignment0'),
    })
  ).entries;
  t.is(blocks.length, 2);
  const parsed = blocks.map(({ value }) => parseBlock(value)).flatMap((one) => (one.ok ? [one.value] : []));
  t.deepEqual(
    parsed.map(({ affinity }) => affinity),
    ['host:a', 'host:a'],
  );
  t.deepEqual(
    parsed.flatMap(({ attributes }) => attributes.map(({ handleId }) => handleId)),
    ['vxlan-tunnel-addr-a', 'vxlan-tunnel-addr-a'],
  );
  t.deepEqual((await addressesOfHandle(store, 'vxlan-tunnel-addr-a')).sort(), given.toSorted());
  const { missingHandles, leakedHandles, disagreements } = (await createIpam(store, stamps).check()).problems;
  t.deepEqual([missingHandles, leakedHandles, disagreements], [[], [], []]);
});

test('assignAddress() is given back by its handle, and its bytes are those of an IPAM client', async (t) => {
  const store = await openMemoryStore();
  const ip = await assignAddress(store, request('a', pool('10.0.0.0/30', 30)), now);
  t.is(ip, '10.0.0.0');
  t.is(
    await read(store, '/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-30'),
    '{"cidr":"10.0.0.0/30","affinity":"host:a","affinity_claim_time":"2026-11-30T10:00:00Z","allocations":[0,null,null,null],"unallocated":[1,2,3],' +
      '"attributes":[{"handle_id":"vxlan-tunnel-addr-a","secondary":{"node":"a"}}],"sequenceNumber":1796032800000000001,' +
      '"sequenceNumberForAllocation":{"0":1796032800000000000},"deleted":false}',
  );
  t.is(await read(store, '/calico/ipam/v2/host/a/ipv4/block/10.0.0.0-30'), '{"state":"confirmed","deleted":false}');
  t.is(await read(store, '/calico/ipam/v2/handle/vxlan-tunnel-addr-a'), '{"block":{"10.0.0.0/30":1},"deleted":false}');
  await createIpam(store, stamps).release({ addresses: [{ ip, handle: 'vxlan-tunnel-addr-a' }] });
  t.is(await read(store, '/calico/ipam/v2/handle/vxlan-tunnel-addr-a'), undefined);
});

test('assignAddress() skips what is reserved, and says when nothing is left', async (t) => {
  const store = await openMemoryStore();
  const reservation = { kind: 'IPReservation', metadata: { name: 'r' }, spec: { reservedCIDRs: ['10.0.0.0/31'] } };
  await store.put(
    Buffer.from('/calico/resources/v3/projectcalico.org/ipreservations/r'),
    Buffer.from(JSON.stringify(reservation)),
  );
  const small = pool('10.0.0.0/30', 30);
  t.is(await assignAddress(store, request('a', small), now), '10.0.0.2');
  t.is(await assignAddress(store, request('a', small), now), '10.0.0.3');
  await t.throwsAsync(assignAddress(store, request('a', small), now), { code: 'IPAM_NO_ADDRESS' });
  await t.throwsAsync(assignAddress(store, request('b', small), now), { code: 'IPAM_NO_ADDRESS' });
});

test('assignAddress() borrows from the block of another when no block is left to claim, unless affinity is strict', async (t) => {
  const store = await openMemoryStore();
  const ipam = createIpam(store, stamps);
  const small = pool('10.0.0.0/30', 30);
  t.is(await assignAddress(store, request('a', small), now), '10.0.0.0');
  await ipam.configure({ strictAffinity: true });
  await t.throwsAsync(assignAddress(store, request('b', small), now), { code: 'IPAM_NO_ADDRESS' });
  await ipam.configure({ strictAffinity: false });
  t.is(await assignAddress(store, request('b', small), now), '10.0.0.1');
  const block = parseBlock(Buffer.from((await read(store, '/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-30'))!));
  t.true(block.ok && block.value.affinity === 'host:a');
  t.is(await read(store, '/calico/ipam/v2/host/b/ipv4/block/10.0.0.0-30'), undefined);
  t.deepEqual(await addressesOfHandle(store, 'vxlan-tunnel-addr-b'), ['10.0.0.1']);
  const { missingHandles, leakedHandles, disagreements } = (await ipam.check()).problems;
  t.deepEqual([missingHandles, leakedHandles, disagreements], [[], [], []]);
  await ipam.release({ addresses: [{ ip: '10.0.0.1', handle: 'vxlan-tunnel-addr-b' }] });
  t.is(await read(store, '/calico/ipam/v2/handle/vxlan-tunnel-addr-b'), undefined);
});

test('assignAddress() of many hosts at once gives each its own', async (t) => {
  const store = await openMemoryStore();
  const hosts = Array.from({ length: 12 }, (_, i) => `h${i}`);
  const given = await Promise.all(
    hosts.map((host) => assignAddress(store, request(host, pool('10.0.0.0/24', 28)), now)),
  );
  t.is(new Set(given).size, 12);
});

test('freeCidr() finds the only gap, whatever blocks lie around it', (t) => {
  const range = (cidr: string) => rangeOfCidr(cidr)!;
  const taken = ['10.0.0.0/26', '10.0.0.64/27', '10.0.0.112/28', '10.0.0.128/25'].map(range);
  t.is(freeCidr(range('10.0.0.0/24'), 28, taken, 'any'), '10.0.0.96/28');
  t.is(freeCidr(range('10.0.0.0/24'), 27, taken, 'any'), undefined);
  t.is(freeCidr(range('10.0.0.0/24'), 23, [], 'any'), undefined);
  t.regex(freeCidr(range('fd00::/48'), 122, [], 'any') ?? '', /^fd00:0:0:.*\/122$|^fd00::.*\/122$/);
});
