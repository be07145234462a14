import test from 'ava';
import type { Message } from '#appliance/felix/model/messages.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Link, Route } from '#appliance/kernel/kernel.ts';
import { openDataplane } from '../nftables/lab.ts';
import { config, hostEndpoint, inSync, workload, workloadGone } from '../sample.ts';

const up: Link = { index: 5, name: 'cali-a', kind: 'veth', mac: '', mtuBytes: 1500, isUp: true, isRunning: true };
const a = workload('a', { ipv4Nets: ['10.65.0.1/32'], ipv6Nets: ['fd65::1/128'], mac: '02:00:00:00:00:01' });

function destinations(routes: readonly Route[]): string[] {
  return routes.map(({ destination, oif }) => `${destination} ${oif}`).sort();
}

test('a workload gets its routes, its neighbour and the settings of its link, and is up', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  t.deepEqual(destinations(await kernel.routes(4)), ['10.65.0.1/32 5']);
  t.deepEqual(destinations(await kernel.routes(6)), ['fd65::1/128 5']);
  t.deepEqual(
    (await kernel.neighbours(4, 5)).map(({ address, mac }) => [address, mac]),
    [['10.65.0.1', '02:00:00:00:00:01']],
  );
  t.is(kernel.readSysctl('net/ipv4/conf/cali-a/proxy_arp'), '1');
  t.is(kernel.readSysctl('net/ipv4/ip_forward'), '1');
  t.true(dataplane.reports.includes('default/a up'));
});

test("a neighbour follows the workload's MAC address, and goes with the workload", async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  await dataplane.send(workload('a', { ipv4Nets: ['10.65.0.1/32'], mac: '02:00:00:00:00:02' }));
  t.deepEqual(
    (await kernel.neighbours(4, 5)).map(({ mac }) => mac),
    ['02:00:00:00:00:02'],
  );
  await dataplane.send(workloadGone('a'));
  t.deepEqual(await kernel.neighbours(4, 5), []);
});

test('a route waits for its link', async (t) => {
  const kernel = createFakeKernel();
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  t.deepEqual(await kernel.routes(4), []);
  t.true(dataplane.reports.includes('default/a down'));
  kernel.setLink(up);
  await dataplane.advance(0);
  t.deepEqual(destinations(await kernel.routes(4)), ['10.65.0.1/32 5']);
  t.is(
    dataplane.reports.findLast((text) => text.startsWith('default/a')),
    'default/a up',
  );
});

test('a link that went down and came back has its routes again', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  kernel.setLink({ ...up, isUp: false, isRunning: false });
  await dataplane.advance(0);
  t.is(
    dataplane.reports.findLast((text) => text.startsWith('default/a')),
    'default/a down',
  );
  kernel.setLink(up);
  await dataplane.advance(0);
  t.deepEqual(destinations(await kernel.routes(4)), ['10.65.0.1/32 5']);
});

test('an address that goes loses its route and its connections', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  kernel.addConnection('10.65.0.1', '10.9.9.9');
  await dataplane.send(workloadGone('a'));
  t.deepEqual(await kernel.routes(4), []);
  t.is(await kernel.deleteConntrack('10.65.0.1'), 0, 'its connections are gone already');
  t.true(dataplane.reports.includes('default/a removed'));
});

test('an address that moves to another link loses its connections', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  kernel.setLink({ ...up, index: 6, name: 'cali-b' });
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  kernel.addConnection('10.65.0.1', '10.9.9.9');
  await dataplane.send(workloadGone('a'), workload('b', { ipv4Nets: ['10.65.0.1/32'] }));
  t.deepEqual(destinations(await kernel.routes(4)), ['10.65.0.1/32 6']);
  t.is(await kernel.deleteConntrack('10.65.0.1'), 0);
});

const block = (destination: string, node: string): Message => ({
  type: 'route-update',
  route: { destination, node, encapsulation: 'none', isSameSubnet: true, isBorrowed: false },
});

for (const [title, routes, isKept] of [
  ['another host’s block', [block('10.65.0.0/26', 'there')], false],
  ['another host’s block, now borrowed', [block('10.65.0.0/26', 'there'), block('10.65.0.1/32', 'host')], false],
  ['no block', [], false],
  ['a block of this host', [block('10.65.0.0/26', 'host')], true],
] as const) {
  test(`an address of ${title} that arrives ${isKept ? 'keeps' : 'loses'} the connections that led to it before`, async (t) => {
    const kernel = createFakeKernel();
    await using dataplane = openDataplane({ kernel });
    await dataplane.send(config(), ...routes, inSync);
    await dataplane.send(a);
    kernel.addConnection('10.9.9.9', '10.65.0.1');
    kernel.setLink(up);
    await dataplane.advance(0);
    t.deepEqual(destinations(await kernel.routes(4)).at(-1), '10.65.0.1/32 5');
    t.is(await kernel.deleteConntrack('10.65.0.1'), isKept ? 1 : 0);
    kernel.addConnection('10.9.9.9', '10.65.0.1');
    kernel.setLink({ ...up, isUp: false, isRunning: false });
    await dataplane.advance(0);
    kernel.setLink(up);
    await dataplane.advance(0);
    await dataplane.send(workload('a', { ipv4Nets: ['10.65.0.1/32'] }));
    t.is(await kernel.deleteConntrack('10.65.0.1'), 1, 'later ones are of the workload itself');
  });
}

test('a workload that was there before the agent keeps its connections', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  kernel.addConnection('10.9.9.9', '10.65.0.1');
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  await dataplane.advance(0);
  t.is(await kernel.deleteConntrack('10.65.0.1'), 1);
});

test('connections through a floating address end when it leads to another address, and no others', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  await using dataplane = openDataplane({ kernel });
  const ends = (...internals: string[]) =>
    workload('a', {
      ipv4Nets: ['10.65.0.1/32', '10.65.0.2/32'],
      nats: internals.map((internalIp, i) => ({ externalIp: `203.0.113.${i + 1}`, internalIp })),
    });
  await dataplane.send(config({ areFloatingIpsEnabled: true }), ends('10.65.0.1', '10.65.0.1'), inSync);
  for (const to of ['203.0.113.1', '203.0.113.2', '10.65.0.1']) kernel.addConnection('10.9.9.9', to);
  await dataplane.send(ends('10.65.0.1', '10.65.0.2'));
  t.is(await kernel.deleteConntrack('203.0.113.2'), 0);
  t.is(await kernel.deleteConntrack('203.0.113.1'), 1);
  t.is(await kernel.deleteConntrack('10.65.0.1'), 1);
});

test('foreign routes on workload links go after ten seconds, others never', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  kernel.setLink({ ...up, index: 7, name: 'eth0' });
  const foreign = (destination: string, oif: number): Route => ({
    family: 4,
    destination,
    table: 254,
    protocol: 4,
    priority: 0,
    type: 'unicast',
    scope: 'link',
    oif,
  });
  for (const route of [foreign('10.7.0.1/32', 5), foreign('10.7.0.2/32', 7)]) {
    await kernel.changeRoutes([{ type: 'replace-route', route }]);
  }
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), inSync);
  await dataplane.advance(9_000);
  t.is((await kernel.routes(4)).length, 2);
  await dataplane.advance(2_000);
  t.deepEqual(destinations(await kernel.routes(4)), ['10.7.0.2/32 7']);
});

test('a route that somebody takes away comes back', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  const [route] = await kernel.routes(4);
  await kernel.changeRoutes([{ type: 'delete-route', route: route! }]);
  await dataplane.advance(0);
  t.deepEqual(destinations(await kernel.routes(4)), ['10.65.0.1/32 5']);
});

test('a route that somebody replaces, also by one through another link, comes back; again only a second later', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  kernel.setLink({ ...up, index: 7, name: 'eth0' });
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  const [route] = await kernel.routes(4);
  const replace = () => kernel.changeRoutes([{ type: 'replace-route', route: { ...route!, oif: 7 } }]);
  await replace();
  await dataplane.advance(0);
  t.deepEqual(destinations(await kernel.routes(4)), ['10.65.0.1/32 5']);
  await replace();
  await dataplane.advance(900);
  t.deepEqual(destinations(await kernel.routes(4)), ['10.65.0.1/32 7']);
  await dataplane.advance(200);
  t.deepEqual(destinations(await kernel.routes(4)), ['10.65.0.1/32 5']);
});

test('a neighbour that somebody changes or takes away comes back', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  const [neighbour] = await kernel.neighbours(4, 5);
  await kernel.changeRoutes([{ type: 'replace-neighbour', neighbour: { ...neighbour!, mac: '02:00:00:00:00:09' } }]);
  await dataplane.advance(0);
  t.deepEqual(await kernel.neighbours(4, 5), [neighbour]);
  await kernel.changeRoutes([{ type: 'delete-neighbour', neighbour: neighbour! }]);
  await dataplane.advance(1_000);
  t.deepEqual(await kernel.neighbours(4, 5), [neighbour]);
});

test('a sysctl that somebody changes is set again within three seconds, as long as it is ours', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  const paths = ['net/ipv4/ip_forward', 'net/ipv4/conf/cali-a/proxy_arp'];
  for (const path of paths) kernel.writeSysctl(path, '0');
  await dataplane.advance(3_000);
  for (const path of paths) t.is(kernel.readSysctl(path), '1');
  await dataplane.send(workloadGone('a'));
  kernel.writeSysctl('net/ipv4/conf/cali-a/proxy_arp', '0');
  await dataplane.advance(10_000);
  t.is(kernel.readSysctl('net/ipv4/conf/cali-a/proxy_arp'), '0');
});

test('a sysctl that the kernel tells of is set again at once', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink(up);
  await using dataplane = openDataplane({ kernel });
  await dataplane.send(config(), a, inSync);
  await dataplane.advance(300);
  kernel.writeSysctl('net/ipv4/conf/cali-a/proxy_arp', '0');
  await dataplane.advance(0);
  t.is(kernel.readSysctl('net/ipv4/conf/cali-a/proxy_arp'), '1');
});

test('host endpoints are bound by name and by address, live, and say how they are', async (t) => {
  const kernel = createFakeKernel();
  kernel.setLink({ ...up, index: 7, name: 'eth0' });
  await using dataplane = openDataplane({ kernel });
  const last = (name: string) => dataplane.reports.findLast((text) => text.startsWith(`${name} `));
  await dataplane.send(
    config(),
    hostEndpoint('named', { interfaceName: 'eth0' }),
    hostEndpoint('address', { expectedIps: ['192.0.2.1'] }),
    hostEndpoint('any', { interfaceName: '*' }),
    inSync,
  );
  t.deepEqual([last('named'), last('address'), last('any')], ['named up', 'address error', 'any up']);
  kernel.setLink({ ...up, index: 8, name: 'eth1' });
  kernel.setAddress({ family: 4, ifindex: 8, prefix: '192.0.2.1/24' });
  await dataplane.advance(0);
  t.is(last('address'), 'address up');
  t.regex(await dataplane.table(), /657468310{24}/, 'eth1 is in the maps');
});
