/** What a host endpoint lets through and what it does not, tried with connections: to the host, from it and through it. Source: felix, packet walks. */
import test from 'ava';
import { openHostLab } from './host-lab.ts';

const eth0 = (spec: Record<string, unknown> = {}) => ({
  metadata: { labels: { side: 'near' } },
  spec: { node: 'here', interfaceName: 'eth0', ...spec },
});
const tcp = (action: string, ...ports: number[]) => ({ action, protocol: 'TCP', destination: { ports } });
const policy = (spec: { ingress?: readonly unknown[]; egress?: readonly unknown[] } & Record<string, unknown>) => {
  // as the API fills it in
  const types = [...(spec.ingress === undefined ? [] : ['Ingress']), ...(spec.egress === undefined ? [] : ['Egress'])];
  return { spec: { selector: "side == 'near'", types, ...spec } };
};
const felix = (spec: Record<string, unknown>) => ({ 'felixconfigurations/default': { spec } });
const toHost = (port: number, source = '10.9.0.2', target = '10.9.0.1') => `near: ${source}>${target}>${port}`;
const fromHost = (port: number, target = '10.9.0.2') => `host: 10.9.0.1>${target}>${port}`;
const through = (port: number) => `near: 10.9.0.2>10.8.0.2>${port}`;

test.serial('without policy and profile: nothing but failsafes, both ways; what is forwarded passes', async (t) => {
  await using lab = await openHostLab(22, 53, 68, 179, 8001);
  const probes = [
    ...[22, 179, 8001].map((port) => toHost(port)),
    `${toHost(68)}>udp`,
    `${toHost(53)}>udp`,
    toHost(22, 'fd09::2', 'fd09::1'),
    toHost(8001, 'fd09::2', 'fd09::1'),
    ...[22, 179, 8001].map((port) => fromHost(port)),
    `${fromHost(53)}>udp`,
    `${fromHost(68)}>udp`,
    through(8001),
    'host: 127.0.0.1>127.0.0.1>8001',
  ];
  t.deepEqual(await lab.open(...probes), probes, 'unprotected');
  await lab.put({ 'hostendpoints/a': eth0() });
  t.deepEqual(await lab.open(...probes), [
    toHost(22),
    toHost(179),
    `${toHost(68)}>udp`,
    toHost(22, 'fd09::2', 'fd09::1'),
    fromHost(179),
    `${fromHost(53)}>udp`,
    through(8001),
    'host: 127.0.0.1>127.0.0.1>8001',
  ]);
  await lab.put({ 'hostendpoints/a': eth0({ profiles: ['projectcalico-default-allow'] }) });
  t.deepEqual(await lab.open(...probes), probes, 'with the profile that allows');
});

test.serial('failsafes with nets, and none at all', async (t) => {
  await using lab = await openHostLab(22, 23, 179);
  const failsafeInboundHostPorts = [
    { protocol: 'tcp', port: 22, net: '10.9.0.2/32' },
    { protocol: 'tcp', port: 23, net: 'fd09::/64' },
  ];
  const failsafeOutboundHostPorts = [{ protocol: 'tcp', port: 179, net: '10.9.0.3/32' }];
  await lab.put({ 'hostendpoints/a': eth0(), ...felix({ failsafeInboundHostPorts, failsafeOutboundHostPorts }) });
  const probes = [
    toHost(22),
    toHost(22, '10.9.0.3'),
    toHost(22, 'fd09::2', 'fd09::1'),
    toHost(23),
    toHost(23, 'fd09::2', 'fd09::1'),
    fromHost(179),
    fromHost(179, '10.9.0.3'),
  ];
  t.deepEqual(await lab.open(...probes), [toHost(22), toHost(23, 'fd09::2', 'fd09::1'), fromHost(179, '10.9.0.3')]);
  await lab.put(felix({ failsafeInboundHostPorts: [], failsafeOutboundHostPorts: [] }));
  t.deepEqual(await lab.open(...probes), []);
});

test.serial('policy of one direction leaves the other to profiles', async (t) => {
  await using lab = await openHostLab(8001, 8002);
  await lab.put({
    'hostendpoints/a': eth0(),
    'globalnetworkpolicies/in': policy({ ingress: [tcp('Allow', 8001)] }),
  });
  const probes = [toHost(8001), toHost(8002), fromHost(8001)];
  t.deepEqual(await lab.open(...probes), [toHost(8001)]);
  await lab.put({ 'hostendpoints/a': eth0({ profiles: ['projectcalico-default-allow'] }) });
  t.deepEqual(await lab.open(...probes), [toHost(8001), fromHost(8001)]);
});

test.serial(
  'forwarded traffic: policy that applies on it denies the rest of its direction, and no failsafe helps',
  async (t) => {
    await using lab = await openHostLab(22, 8001, 8002);
    await lab.put({
      'hostendpoints/a': eth0(),
      'globalnetworkpolicies/plain': policy({ ingress: [tcp('Allow', 8002)] }),
    });
    const probes = [through(22), through(8001), through(8002), toHost(8001), toHost(8002)];
    t.deepEqual(await lab.open(...probes), [through(22), through(8001), through(8002), toHost(8002)]);
    await lab.put({
      'globalnetworkpolicies/forward': policy({ applyOnForward: true, ingress: [tcp('Allow', 8001)] }),
    });
    t.deepEqual(await lab.open(...probes), [through(8001), toHost(8001), toHost(8002)]);
  },
);

test.serial(
  'pre-DNAT policy denies by the address before translation and nothing by default; failsafes come first',
  async (t) => {
    await using lab = await openHostLab(22, 8001, 8002);
    await lab.host.exec('nft', 'add table ip theirs');
    await lab.host.exec('nft', 'add chain ip theirs nat { type nat hook prerouting priority dstnat ; }');
    await lab.host.exec(
      'nft',
      'add rule ip theirs nat ip daddr 10.9.0.1 tcp dport { 9001, 9002 } dnat to 10.8.0.2 : 8001',
    );
    await lab.put({
      'hostendpoints/a': eth0({ profiles: ['projectcalico-default-allow'] }),
      'globalnetworkpolicies/early': policy({
        preDNAT: true,
        applyOnForward: true,
        ingress: [tcp('Deny', 22, 9001, 8002)],
      }),
    });
    const probes = [toHost(22), toHost(9001), toHost(9002), toHost(8001), toHost(8002), through(8001)];
    t.deepEqual(await lab.open(...probes), [toHost(22), toHost(9002), toHost(8001), through(8001)]);
  },
);

test.serial(
  'untracked policy needs both directions, leaves no connection behind, and keeps failsafes with their answers',
  async (t) => {
    await using lab = await openHostLab(22, 8001, 8002);
    const untracked = (egress: readonly unknown[]) =>
      policy({ doNotTrack: true, applyOnForward: true, ingress: [tcp('Allow', 8001), { action: 'Deny' }], egress });
    const back = { action: 'Allow', protocol: 'TCP', source: { ports: [8001] } };
    await lab.put({ 'hostendpoints/a': eth0(), 'globalnetworkpolicies/raw': untracked([{ action: 'Deny' }]) });
    const probes = [toHost(22), toHost(8001), toHost(8002), through(8001)];
    t.deepEqual(await lab.open(...probes), [toHost(22)]);
    await lab.put({ 'globalnetworkpolicies/raw': untracked([back, { action: 'Deny' }]) });
    await lab.host.exec('conntrack', '-F');
    t.deepEqual(await lab.open(toHost(22), toHost(8001), toHost(8002)), [toHost(22), toHost(8001)]);
    const tracked = await lab.host.exec('conntrack', '-L', '-p', 'tcp');
    t.regex(tracked, /dport=22 /);
    t.notRegex(tracked, /dport=8001 /);
  },
);

test.serial(
  '`*`: every interface without an endpoint of its own, also lo; a named one wins, and of several the first',
  async (t) => {
    await using lab = await openHostLab(8001, 8002, 8003);
    const any = { metadata: { labels: { side: 'any' } }, spec: { node: 'here', interfaceName: '*' } };
    await lab.put({ 'hostendpoints/any': any });
    const near = [8001, 8002, 8003].map((port) => toHost(port));
    const far = 'far: 10.8.0.2>10.8.0.1>8001';
    const lo = 'host: 127.0.0.1>127.0.0.1>8001';
    t.deepEqual(await lab.open(...near, far, lo), []);
    await lab.put({
      'globalnetworkpolicies/any': {
        spec: { selector: "side == 'any'", ingress: [tcp('Allow', 8001)], egress: [{ action: 'Allow' }] },
      },
    });
    t.deepEqual(await lab.open(...near, far, lo), [near[0]!, far, lo]);
    await lab.put({
      'hostendpoints/b': { metadata: { labels: { side: 'b' } }, spec: { node: 'here', expectedIPs: ['10.9.0.1'] } },
      'globalnetworkpolicies/b': policy({ selector: "side == 'b'", ingress: [tcp('Allow', 8002)] }),
    });
    t.deepEqual(await lab.open(...near, far, lo), [near[1]!, far, lo]);
    await lab.put({
      'hostendpoints/a': eth0(),
      'globalnetworkpolicies/a': policy({ ingress: [tcp('Allow', 8003)] }),
    });
    t.deepEqual(await lab.open(...near, far, lo), [near[2]!, far, lo], 'alphabetically the first');
    await lab.put({ 'hostendpoints/a': undefined });
    t.deepEqual(await lab.open(...near), [near[1]!], 'the other one is there again');
  },
);

test.serial('untracked policy does not apply to `*`', async (t) => {
  await using lab = await openHostLab(8001);
  const profiles = ['projectcalico-default-allow'];
  await lab.put({
    'hostendpoints/any': {
      metadata: { labels: { side: 'near' } },
      spec: { node: 'here', interfaceName: '*', profiles },
    },
    'globalnetworkpolicies/raw': policy({ doNotTrack: true, applyOnForward: true, ingress: [{ action: 'Deny' }] }),
  });
  t.deepEqual(await lab.open(toHost(8001)), [toHost(8001)]);
});
