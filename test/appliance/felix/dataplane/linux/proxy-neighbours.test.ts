import test from 'ava';
import type { Message } from '#appliance/felix/model/messages.ts';
import { advertisement, arpFrame } from '#appliance/kernel/announce.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Link } from '#appliance/kernel/kernel.ts';
import { parseAddress } from '#appliance/lib/ip/address.ts';
import { openDataplane } from '../nftables/lab.ts';
import { config, inSync, workload, workloadGone } from '../sample.ts';

const up = { kind: 'veth', mac: '02:00:00:00:00:01', mtuBytes: 1500, isUp: true, isRunning: true };
const workloadLink: Link = { ...up, index: 5, name: 'cali-a' };
const uplink: Link = { ...up, index: 7, name: 'eth0' };
const on = { isLocalSubnetReachable: true, localSubnetRefreshMs: 120_000 };
const pool = (cidr: string, vxlanMode: 'Never' | 'Always' = 'Never'): Message => ({
  type: 'ip-pool-update',
  id: cidr,
  pool: { cidr, natOutgoing: false, ipipMode: 'Never', vxlanMode, allowedUses: [] },
});
const a = workload('a', { ipv4Nets: ['192.0.2.10/32'], ipv6Nets: ['fdc0::10/128'] });

async function open() {
  const kernel = createFakeKernel();
  for (const link of [workloadLink, uplink, { ...uplink, index: 8, name: 'eth1' }]) kernel.setLink(link);
  await kernel.addAddress(7, '192.0.2.1/24');
  await kernel.addAddress(7, 'fdc0::1/64');
  await kernel.addAddress(8, '198.51.100.1/24');
  const dataplane = openDataplane({ kernel });
  const entries = async () =>
    [...(await kernel.proxyEntries(4)), ...(await kernel.proxyEntries(6))].map(
      ({ ifindex, address }) => `${ifindex} ${address}`,
    );
  return { kernel, dataplane, entries, [Symbol.asyncDispose]: () => dataplane[Symbol.asyncDispose]() };
}

test('links answer for workloads in their networks, from pools without encapsulation, while it is asked for', async (t) => {
  await using lab = await open();
  const { kernel, dataplane, entries } = lab;
  await dataplane.send(config(), pool('192.0.2.0/26'), pool('fdc0::/64'), a, inSync);
  t.deepEqual(await entries(), []);
  await dataplane.send(config(on));
  t.deepEqual(await entries(), ['7 192.0.2.10', '7 fdc0::10']);
  t.deepEqual(kernel.announcements, ['7 192.0.2.10', '7 fdc0::10']);
  t.is(kernel.readSysctl('net/ipv6/conf/eth0/proxy_ndp'), '1');
  t.is(kernel.readSysctl('net/ipv6/conf/eth1/proxy_ndp'), '0');
  await dataplane.send(pool('192.0.2.0/26', 'Always'));
  t.deepEqual(await entries(), ['7 fdc0::10']);
  await dataplane.send(pool('192.0.2.0/26'), workloadGone('a'));
  t.deepEqual(await entries(), []);
  await dataplane.send(a);
  await dataplane.send(config());
  t.deepEqual(await entries(), []);
});

test('addresses are announced again from time to time', async (t) => {
  await using lab = await open();
  const { kernel, dataplane } = lab;
  await dataplane.send(config(on), pool('192.0.2.0/26'), a, inSync);
  t.is(kernel.announcements.length, 1);
  await dataplane.advance(119_000);
  t.is(kernel.announcements.length, 1);
  await dataplane.advance(2_000);
  t.is(kernel.announcements.length, 2);
  await dataplane.advance(121_000);
  t.is(kernel.announcements.length, 3);
});

test('what an earlier life left goes, what others made stays', async (t) => {
  await using lab = await open();
  const { kernel, dataplane, entries } = lab;
  const proxy = { family: 4, ifindex: 7, address: '192.0.2.77', protocol: 80 } as const;
  await kernel.changeRoutes([
    { type: 'add-proxy', proxy },
    { type: 'add-proxy', proxy: { ...proxy, address: '192.0.2.78', protocol: 0 } },
  ]);
  await dataplane.send(config(), inSync);
  t.deepEqual(await entries(), ['7 192.0.2.78']);
});

test('announcements are frames as the standards have them', (t) => {
  const mac = Buffer.from('020000000001', 'hex');
  t.is(
    arpFrame(mac, parseAddress('192.0.2.10')!).toString('hex'),
    'ffffffffffff0200000000010806' + '0001080006040001' + '020000000001c000020a' + '000000000000c000020a',
  );
  const frame = advertisement(mac, parseAddress('fdc0::10')!, parseAddress('fe80::1'));
  t.is(frame.length, 14 + 40 + 32);
  t.is(frame.subarray(0, 14).toString('hex'), '33330000000102000000000186dd');
  t.is(
    frame
      .subarray(54, 62)
      .toString('hex')
      .replace(/^8800..../, '8800sum'),
    '8800sum20000000',
  );
  let sum = 0;
  const covered = Buffer.concat([frame.subarray(22, 54), Buffer.from([0, 32, 0, 58]), frame.subarray(54)]);
  for (let at = 0; at < covered.length; at += 2) sum += covered.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  t.is(sum, 0xffff, 'the checksum fits');
});
