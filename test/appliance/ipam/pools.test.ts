/** How full pools are, who borrows, how a pool is split, and IPAM's settings. */
import test from 'ava';
import { setLock } from '#appliance/datastore/migrate/lock.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import { openGoldenIpam, stamps } from './golden-ipam.ts';

const config = '/calico/ipam/v2/config';

test('pools count what is given, reserved and free; a reserved address that is free counts once', async (t) => {
  const { ipam, resources } = await openGoldenIpam();
  const [v4, v6] = await ipam.utilisation();
  t.like(v4, { name: 'v4', cidr: '10.77.0.0/24', capacity: '256', inUse: '24', reserved: '0', free: '232' });
  t.like(v6, { name: 'v6', capacity: '4096', inUse: '2', free: '4094' });
  await resources.create({
    kind: 'IPReservation',
    apiVersion: 'projectcalico.org/v3',
    metadata: { name: 'r' },
    spec: { reservedCIDRs: ['10.77.0.128/26', '10.77.0.130/32', '10.77.0.0/30', '10.77.0.8/32'] },
  });
  // a quarter without the empty block inside it, three given addresses, and one free one
  t.like((await ipam.utilisation())[0], { inUse: '24', reserved: '69', free: String(232 - 64 - 1) });
});

test('blocks of no pool are told apart', async (t) => {
  const { ipam, resources } = await openGoldenIpam();
  const { kindOf } = await import('#appliance/resources/registry.ts');
  await resources.delete({ kind: kindOf('IPPool')!, namespace: '', name: 'v6' });
  const usages = await ipam.utilisation();
  t.is(usages.length, 2);
  t.like(usages[1], { cidr: 'orphaned allocation blocks', inUse: '2' });
  t.false('name' in usages[1]!);
});

test('an address of another host’s block is borrowed', async (t) => {
  const { ipam, read, write } = await openGoldenIpam();
  const key = '/calico/ipam/v2/assignment/ipv4/block/10.77.0.240-28';
  t.deepEqual(await ipam.borrowing(), { borrowed: [], unclassified: 20 });
  await write(key, (await read(key))!.replace('"host:node-1"', '"host:node-2"'));
  const { borrowed } = await ipam.borrowing();
  t.is(borrowed.length, 3);
  t.deepEqual(borrowed[0], {
    ip: '10.77.0.240',
    node: 'node-1',
    block: '10.77.0.240/28',
    blockOwner: 'node-2',
    type: 'pod',
    allocatedTo: 'shop/web-0',
  });
});

test('a pool is split while the store is locked, and its blocks lie in the parts', async (t) => {
  const { ipam, store } = await openGoldenIpam();
  const unlocked = await t.throwsAsync(ipam.split({ name: 'v4', parts: 2 }));
  t.true(hasCode(unlocked, 'IPAM_NOT_LOCKED'));
  await setLock(store, true, stamps);
  for (const parts of [0, 3, 128, 32]) {
    const error = await t.throwsAsync(ipam.split({ name: 'v4', parts }));
    t.true(hasCode(error, 'IPAM_BAD_REQUEST'), String(parts));
  }
  t.true(hasCode(await t.throwsAsync(ipam.split({ name: 'x', parts: 2 })), 'IPAM_NO_POOL'));
  t.is((await ipam.split({ cidr: '10.77.0.0/24', parts: 2 }, { isDryRun: true })).length, 2);
  const made = await ipam.split({ cidr: '10.77.0.0/24', parts: 2 });
  t.deepEqual(
    made.map(({ metadata, spec }) => [metadata.name, spec.cidr, spec.blockSize]),
    [
      ['split-v4-0', '10.77.0.0/25', 28],
      ['split-v4-1', '10.77.0.128/25', 28],
    ],
  );
  const usages = (await ipam.utilisation()).filter(({ cidr }) => cidr.startsWith('10.'));
  t.deepEqual(
    usages.map(({ name, inUse }) => [name, inUse]),
    [
      ['split-v4-0', '8'],
      ['split-v4-1', '16'],
    ],
  );
});

test('settings are written as Calico’s client writes them, and wrong ones are refused together', async (t) => {
  const { ipam, read } = await openGoldenIpam();
  await ipam.configure({ maxBlocksPerHost: 0, ipCooldownSeconds: 30 });
  t.is(await read(config), '{"strict_affinity":true,"auto_allocate_blocks":true,"ipCooldownSeconds":30}');
  await ipam.configure({ kubeVirtVMAddressPersistence: 'Disabled', strictAffinity: false });
  t.is(
    await read(config),
    '{"auto_allocate_blocks":true,"kubeVirtVMAddressPersistence":"Disabled","ipCooldownSeconds":30}',
  );
  const error = (await t.throwsAsync(
    ipam.configure({ ipCooldownSeconds: 1201, maxBlocksPerHost: 5, other: 1 }),
  )) as Error & { details: { problems: { path: string }[] } };
  t.deepEqual(
    error.details.problems.map(({ path }) => path),
    ['other', 'ipCooldownSeconds', 'maxBlocksPerHost'],
  );
});
