import test from 'ava';
import { InterfaceTable } from '#appliance/felix/dataplane/linux/interface-table.ts';
import { planMtus } from '#appliance/felix/dataplane/linux/overlay/mtu.ts';
import { TunnelState } from '#appliance/felix/dataplane/linux/overlay/tunnel-state.ts';
import { Wireguard } from '#appliance/felix/dataplane/linux/overlay/wireguard.ts';
import { planWireguard } from '#appliance/felix/dataplane/linux/overlay/wireguard-plan.ts';
import type { ClusterRoute } from '#appliance/felix/model/messages.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Kernel } from '#appliance/kernel/kernel.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { replacing } from '../../replacing.ts';
import { sampleConfig } from '../sample.ts';

const keys = ['a', 'b', 'c'].map((text) => Buffer.alloc(32, text).toString('base64'));
const [keyA = '', keyB = ''] = keys;

function route(destination: string, node: string): ClusterRoute {
  return { destination, node, encapsulation: 'none', isSameSubnet: false, isBorrowed: false };
}

async function openInterfaces(kernel: Kernel): Promise<InterfaceTable> {
  const ignore = { onChange() {}, onRoute() {}, onNeighbour() {}, onSettings() {} };
  const interfaces = new InterfaceTable({ kernel, log: silentLogger, ...ignore });
  await interfaces.open();
  return interfaces;
}

/** Host `here`; `a` and `b` with keys, `plain` without. */
function world(): TunnelState {
  const state = new TunnelState('here');
  const labels = {};
  state.take({ type: 'host-metadata-update', host: 'here', metadata: { ipv4Address: '192.0.2.1', labels } });
  for (const [i, node] of ['a', 'b'].entries()) {
    const peer = { family: 4, node, publicKey: keys[i]!, nodeAddress: `192.0.2.${i + 2}` } as const;
    state.take({ type: 'wireguard-peer-update', peer: node === 'a' ? { ...peer, address: '10.65.1.9' } : peer });
  }
  for (const one of [
    route('10.65.0.0/26', 'here'),
    route('10.65.1.0/26', 'a'),
    route('10.65.1.7/32', 'b'),
    route('10.65.1.8/32', 'plain'),
    route('10.65.1.5/32', 'here'),
    route('fd00::/122', 'a'),
  ])
    state.take({ type: 'route-update', route: one });
  return state;
}

const summary = (routes: ReadonlyMap<string, { destination: string; type: string }>) =>
  [...routes.values()].map(({ destination, type }) => `${type === 'throw' ? '-' : '+'}${destination}`).sort();

test("planWireguard() gives peers their blocks, and throws back what lies in them and is others'", (t) => {
  const inputs = {
    state: world(),
    config: sampleConfig,
    family: 4,
    ifindex: 5,
    table: 7,
    shaken: new Set<string>(),
  } as const;
  const { peers, routes } = planWireguard(inputs);
  t.deepEqual(peers, [
    {
      publicKey: keyA,
      endpoint: { address: '192.0.2.2', port: 51820 },
      keepAliveSeconds: 0,
      allowedNets: ['10.65.1.0/26', '10.65.1.9/32'],
    },
    {
      publicKey: keyB,
      endpoint: { address: '192.0.2.3', port: 51820 },
      keepAliveSeconds: 0,
      allowedNets: ['10.65.1.7/32'],
    },
  ]);
  t.deepEqual(summary(routes), [
    ...['+10.65.1.0/26', '+10.65.1.7/32', '+10.65.1.9/32'],
    ...['-10.65.0.0/26', '-10.65.1.5/32', '-10.65.1.8/32'],
  ]);
});

test('planWireguard() reaches hosts through the device only once hands were shaken, and calls them until then', (t) => {
  const config = { ...sampleConfig, isWireguardHostEncryptionEnabled: true };
  const inputs = { state: world(), config, family: 4, ifindex: 5, table: 7, shaken: new Set([keyB]) } as const;
  const { peers, routes } = planWireguard(inputs);
  t.deepEqual(
    peers.map(({ allowedNets, keepAliveSeconds }) => [allowedNets, keepAliveSeconds]),
    [
      [['10.65.1.0/26', '10.65.1.9/32', '192.0.2.2/32'], 5],
      [['10.65.1.7/32', '192.0.2.3/32'], 0],
    ],
  );
  t.deepEqual(
    summary(routes).filter((one) => one.includes('192.')),
    ['+192.0.2.3/32'],
  );
});

test('Wireguard makes device, key, peers, table and rule once, repairs them, and leaves nothing behind', async (t) => {
  const kernel = createFakeKernel();
  const reported: string[] = [];
  const interfaces = await openInterfaces(kernel);
  const state = world();
  const wireguard = new Wireguard(
    { kernel, interfaces, state, reports: { onWireguardKey: (_, key) => reported.push(key) } },
    4,
  );
  const config = { ...sampleConfig, isWireguardEnabled: true };
  const mtus = planMtus([], config, state);
  await wireguard.run(config, mtus);
  const [link] = await kernel.links();
  t.like(link, { name: 'wireguard.cali', kind: 'wireguard', isUp: true, mtuBytes: 1400 });
  const device = await kernel.wireguard(link!.index);
  t.like(device, { port: 51820, mark: 0x80000 });
  t.is(device!.peers.length, 2);
  t.deepEqual(await kernel.rules(4), [
    { family: 4, priority: 99, table: 1, mark: 0x80000, mask: 0x80000, isInverted: true },
  ]);
  t.is((await kernel.routes(4)).filter(({ table }) => table === 1).length, 6);

  await kernel.changeWireguard(link!.index, { removedPeers: [keyA] });
  await kernel.changeRoutes([{ type: 'delete-rule', rule: (await kernel.rules(4))[0]! }]);
  state.take({ type: 'route-remove', destination: '10.65.1.8/32' });
  const again = new Wireguard(
    { kernel, interfaces, state, reports: { onWireguardKey: (_, key) => reported.push(key) } },
    4,
  );
  await again.run(config, mtus);
  const repaired = await kernel.wireguard(link!.index);
  t.is(repaired!.publicKey, device!.publicKey);
  t.is(repaired!.peers.length, 2);
  t.is((await kernel.rules(4)).length, 1);

  await again.run(sampleConfig, mtus);
  t.deepEqual([await kernel.links(), await kernel.rules(4)], [[], []]);
  t.deepEqual(
    (await kernel.routes(4)).filter(({ table }) => table !== 254),
    [],
  );
  t.deepEqual(reported, [device!.publicKey, device!.publicKey, '']);
});

test('sockets of IPv6 choose their routes again when rule or routes are new, and only then', async (t) => {
  const fake = createFakeKernel();
  const passing: string[] = [];
  const note = (sign: string) => async (_: number, prefix: string) => void passing.push(`${sign}${prefix}`);
  const kernel = replacing(replacing(fake, 'addAddress', note('+')), 'deleteAddress', note('-'));
  const interfaces = await openInterfaces(fake);
  const state = world();
  state.take({
    type: 'host-metadata-update',
    host: 'here',
    metadata: { ipv4Address: '192.0.2.1', ipv6Address: 'fd00::1', labels: {} },
  });
  const wireguard = new Wireguard({ kernel, interfaces, state, reports: {} }, 6);
  const config = { ...sampleConfig, isWireguardEnabledV6: true };
  const mtus = planMtus([], config, state);
  await wireguard.run(config, mtus);
  const both = passing.splice(0);
  t.deepEqual(both, ['+fe80::ca11/128', '-fe80::ca11/128']);
  await wireguard.run(config, mtus);
  t.deepEqual(passing, []);
  await fake.changeRoutes([{ type: 'delete-rule', rule: (await fake.rules(6))[0]! }]);
  await wireguard.run(config, mtus);
  t.deepEqual(passing, both);
});
