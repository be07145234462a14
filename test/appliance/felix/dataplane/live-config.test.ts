/** Parameters whose effect is to be seen in the kernel: each is taken while the dataplane runs, and taken back again to the last rule, route and sysctl. */
import test from 'ava';
import { decodeConfig } from '#appliance/felix/config/decode.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import { createFakeKernel, type FakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Link } from '#appliance/kernel/kernel.ts';
import { openDataplane, type TestDataplane } from './nftables/lab.ts';
import { hostEndpoint, inSync, policy, rule, tier, workload } from './sample.ts';

const parameters: readonly (readonly [name: string, text: string])[] = [
  ['InterfacePrefix', 'cali,tap'],
  ['InterfaceExclude', 'eth1'],
  ['DefaultEndpointToHostAction', 'Accept'],
  ['FailsafeInboundHostPorts', 'tcp:2222'],
  ['FailsafeOutboundHostPorts', 'none'],
  ['NftablesMarkMask', '0xff00'],
  ['NftablesFilterDenyAction', 'Reject'],
  ['DisableConntrackInvalidCheck', 'true'],
  ['LogPrefix', 'other'],
  ['LogActionRateLimit', '10/second'],
  ['AllowVXLANPacketsFromWorkloads', 'true'],
  ['AllowIPIPPacketsFromWorkloads', 'true'],
  ['VXLANPort', '8472'],
  ['NATOutgoingAddress', '192.0.2.9'],
  ['NATOutgoingExclusions', 'IPPoolsAndHostIPs'],
  ['NATPortRange', '1000:2000'],
  ['IptablesNATOutgoingInterfaceFilter', 'eth0'],
  ['DeviceRouteProtocol', '80'],
  ['IPv4NormalRoutePriority', '7'],
  ['IPv6NormalRoutePriority', '8'],
  ['DeviceRouteSourceAddress', '192.0.2.1'],
  ['DeviceRouteSourceAddressIPv6', 'fd00::9'],
  ['FloatingIPs', 'Enabled'],
  ['MetadataAddr', '192.0.2.80'],
];

const link = (index: number, name: string): Link => ({
  index,
  name,
  kind: 'veth',
  mac: '',
  mtuBytes: 1500,
  isUp: true,
  isRunning: true,
});

function configure(values: Readonly<Record<string, string>>): Message {
  const all = { RouteRefreshInterval: '0', NftablesRefreshInterval: '0', InterfaceRefreshInterval: '0', ...values };
  const entries = Object.entries(all).map(([name, text]) => [name.toLowerCase(), { text, layer: 'test' }] as const);
  const { config, problems } = decodeConfig(new Map(entries));
  if (problems.length > 0) throw new Error(problems.join());
  return { type: 'config-update', config };
}

const world: readonly Message[] = [
  policy('web', { inbound: [rule('log'), rule('allow', { protocol: 6 })], outbound: [rule('allow')] }),
  workload('a', {
    tiers: [tier(['web'], ['web'])],
    ipv4Nets: ['10.65.0.1/32'],
    ipv6Nets: ['fd65::1/128'],
    nats: [{ externalIp: '192.0.2.77', internalIp: '10.65.0.1' }],
  }),
  hostEndpoint('by-address', { expectedIps: ['192.0.2.50'], tiers: [tier(['web'], ['web'])] }),
  hostEndpoint('host', { interfaceName: 'eth0', tiers: [tier(['web'], ['web'])] }),
  {
    type: 'ip-pool-update',
    id: 'pool',
    pool: { cidr: '10.65.0.0/16', natOutgoing: true, ipipMode: 'Never', vxlanMode: 'Never', allowedUses: ['Workload'] },
  },
  { type: 'host-metadata-update', host: 'other', metadata: { ipv4Address: '192.0.2.2', labels: {} } },
];

async function stateOf(dataplane: TestDataplane, kernel: FakeKernel): Promise<string> {
  const routes = [...(await kernel.routes(4)), ...(await kernel.routes(6))]
    .map((route) => JSON.stringify(route))
    .sort();
  return [await dataplane.table(), ...routes].join('\n');
}

for (const [name, text] of parameters) {
  test(`${name} is taken while the dataplane runs, and taken back`, async (t) => {
    const kernel = openLab();
    await using dataplane = openDataplane({ kernel });
    await send(dataplane, configure({}), ...world, inSync);
    const before = await stateOf(dataplane, kernel);
    await send(dataplane, configure({ [name]: text }));
    const during = await stateOf(dataplane, kernel);
    t.not(during, before);
    await send(dataplane, configure({}));
    t.is(await stateOf(dataplane, kernel), before);
    await using fresh = openDataplane({ kernel: openLab() });
    await send(fresh, configure({ [name]: text }), ...world, inSync);
    t.is(during, await stateOf(fresh, fresh.kernel), 'as after a start with it');
  });
}

function openLab(): FakeKernel {
  const kernel = createFakeKernel();
  for (const [i, name] of ['cali-a', 'eth0', 'eth1'].entries()) kernel.setLink(link(5 + i, name));
  kernel.setAddress({ family: 4, ifindex: 7, prefix: '192.0.2.50/24' });
  return kernel;
}

/** Routes that are no longer wanted have ten seconds. */
async function send(dataplane: TestDataplane, ...messages: readonly Message[]): Promise<void> {
  await dataplane.send(...messages);
  for (const ms of [10_000, 10_000, 0]) await dataplane.advance(ms);
}
