/** Giving addresses back, in the store that Calico's client left: block, handle and affinity agree afterwards. */
import test from 'ava';
import { hasCode } from '#appliance/lib/errors.ts';
import { openGoldenIpam } from './golden-ipam.ts';

const block = '/calico/ipam/v2/assignment/ipv4/block/10.77.0.240-28';
const handle = '/calico/ipam/v2/handle/net0.7f3a9c21d0b4';

test('an address goes to the end of the queue, and its handle counts one fewer', async (t) => {
  const { ipam, read } = await openGoldenIpam();
  const before = JSON.parse((await read(block))!);
  t.deepEqual(await ipam.release({ addresses: [{ ip: '10.77.0.241' }] }), {
    released: ['10.77.0.241'],
    notAssigned: [],
    conflicts: [],
    deletedHandles: [],
    skippedHandles: [],
  });
  const text = (await read(block))!;
  const after = JSON.parse(text);
  t.deepEqual(after.allocations, [before.allocations[0], null, ...before.allocations.slice(2)]);
  t.deepEqual(after.unallocated, [1]);
  t.true(text.includes('"sequenceNumber":1795386108831035257,'));
  t.false(text.includes('"1":1795386108831035254'));
  t.is(await read(handle), '{"block":{"10.77.0.240/28":2,"fd00:77::c00/122":1},"deleted":false}');
  t.is(await ipam.assignment('10.77.0.241'), undefined);
  // Calico's client had counted seven too many when it was interrupted; nothing else disagrees
  t.deepEqual((await ipam.check()).problems.disagreements, [
    'handle net0.second says it has 20 addresses of 10.77.0.240/28, which gives it 13',
  ]);
});

test('the last address of a handle takes the handle with it, and attributes nobody has are gone', async (t) => {
  const { ipam, read } = await openGoldenIpam();
  const ips = ['10.77.0.240', '10.77.0.241', '10.77.0.242', 'fd00:77::c00'];
  t.deepEqual((await ipam.release({ addresses: ips.map((ip) => ({ ip })) })).released, ips);
  t.is(await read(handle), undefined);
  const after = JSON.parse((await read(block))!);
  t.deepEqual(after.attributes, [{ handle_id: 'net0.second', secondary: { note: '<&>' } }]);
  t.deepEqual(after.allocations, [null, null, null, ...Array(13).fill(0)]);
});

test('what nobody has is told, and releasing twice changes nothing', async (t) => {
  const { ipam, store } = await openGoldenIpam();
  await ipam.release({ addresses: [{ ip: '10.77.0.241' }] });
  const { current } = await store.revisions();
  const again = await ipam.release({ addresses: [{ ip: '10.77.0.241' }, { ip: '192.0.2.9' }] });
  t.deepEqual(again.notAssigned, ['192.0.2.9', '10.77.0.241']);
  t.is((await store.revisions()).current, current);
  const error = await t.throwsAsync(ipam.release({ addresses: [{ ip: '10.77.0.' }] }));
  t.true(hasCode(error, 'IPAM_BAD_REQUEST'));
});

test('an address that was given anew meanwhile, or to somebody else, stays, and so does its whole block', async (t) => {
  const { ipam, read } = await openGoldenIpam();
  const before = await read(block);
  const other = await ipam.release({
    addresses: [{ ip: '10.77.0.240' }, { ip: '10.77.0.241', sequenceNumber: '1795386108831035250' }],
  });
  t.deepEqual(other.released, []);
  t.deepEqual(other.conflicts, [{ ip: '10.77.0.241', reason: 'was given anew meanwhile' }]);
  const wrong = await ipam.release({ addresses: [{ ip: '10.77.0.241', handle: 'net0.second' }] });
  t.is(wrong.conflicts.length, 1);
  t.is(await read(block), before);
  const right = await ipam.release({
    addresses: [{ ip: '10.77.0.241', handle: 'net0.7f3a9c21d0b4', sequenceNumber: '1795386108831035254' }],
  });
  t.deepEqual(right.released, ['10.77.0.241']);
});

test('an address cools down as long as the settings say, then the next release frees it', async (t) => {
  const { ipam, read, write } = await openGoldenIpam();
  await ipam.configure({ ipCooldownSeconds: 60 });
  await ipam.release({ addresses: [{ ip: '10.77.0.241' }] });
  const cooling = JSON.parse((await read(block))!);
  t.deepEqual(cooling.attributes[cooling.allocations[1]], { releasedAt: '2026-11-23T00:00:00Z' });
  t.deepEqual(cooling.unallocated, []);
  t.is((await ipam.assignment('10.77.0.241'))?.releasedAt, '2026-11-23T00:00:00Z');
  t.deepEqual((await ipam.release({ addresses: [{ ip: '10.77.0.241' }] })).notAssigned, ['10.77.0.241']);
  await write(block, (await read(block))!.replace('2026-11-23T00:00:00Z', '2026-11-22T23:50:00Z'));
  await ipam.release({ addresses: [{ ip: '10.77.0.240' }] });
  t.deepEqual(JSON.parse((await read(block))!).unallocated, [1]);
});

test('an empty block goes when it is nobody’s, and when its pool is not for its host', async (t) => {
  const { ipam, read, write, resources } = await openGoldenIpam();
  const own = '/calico/ipam/v2/assignment/ipv4/block/10.77.0.80-28';
  const affinity = '/calico/ipam/v2/host/node-2/ipv4/block/10.77.0.80-28';
  await write(own, (await read(own))!.replace('"host:node-2"', 'null'));
  await ipam.release({ addresses: [{ ip: '10.77.0.80' }] });
  t.is(await read(own), undefined);
  const v6 = '/calico/ipam/v2/assignment/ipv6/block/fd00:77::140-122';
  const pool = {
    kind: (await import('#appliance/resources/registry.ts')).kindOf('IPPool')!,
    namespace: '',
    name: 'v6',
  };
  await resources.modify(pool, (current) => ({ ...current, spec: { ...current.spec, nodeSelector: 'has(ipv6)' } }));
  await ipam.release({ addresses: [{ ip: 'fd00:77::140' }] });
  t.is(await read(v6), undefined);
  t.is(await read('/calico/ipam/v2/host/node-2/ipv6/block/fd00:77::140-122'), undefined);
  t.is(await read(affinity), '{"state":"confirmed","deleted":false}');
});

test('writers at once lose nothing: every address is released once, and handles end exact', async (t) => {
  const { ipam, read } = await openGoldenIpam();
  const ips = Array.from({ length: 13 }, (_, i) => `10.77.0.${243 + i}`);
  const results = await Promise.all(ips.map((ip) => ipam.release({ addresses: [{ ip }] })));
  t.deepEqual(
    results.flatMap(({ released }) => released),
    ips,
  );
  t.is(
    await read('/calico/ipam/v2/handle/net0.second'),
    '{"block":{"10.77.0.0/28":7,"10.77.0.240/28":7},"deleted":false}',
  );
});

test('a dry run tells the same and changes nothing', async (t) => {
  const { ipam, store } = await openGoldenIpam();
  const { current } = await store.revisions();
  t.deepEqual((await ipam.release({ addresses: [{ ip: '10.77.0.241' }] }, { isDryRun: true })).released, [
    '10.77.0.241',
  ]);
  t.is((await store.revisions()).current, current);
});
