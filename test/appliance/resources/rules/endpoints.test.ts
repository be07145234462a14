/** Endpoints, sets, pools, nodes: addresses, ports, uses. */
import test from 'ava';
import { kindOf } from '#appliance/resources/registry.ts';
import { type Change, testVerdicts } from './verdicts.ts';

function spec(fields: Record<string, unknown>): Change {
  return { spec: fields };
}

/** The kind's example with some fields of its spec replaced. */
function over(kind: string, fields: Record<string, unknown>): Change {
  return { spec: { ...kindOf(kind)!.example.spec, ...fields } };
}

const hep = (fields: Record<string, unknown>) => over('HostEndpoint', fields);
const port = (fields: Record<string, unknown>) =>
  hep({ ports: [{ name: 'ssh', protocol: 'TCP', port: 22, ...fields }] });

testVerdicts(test, 'HostEndpoint', [
  ['a node is required', hep({}), hep({ node: '' }), 'spec.node'],
  [
    'an interface or addresses are required',
    hep({ interfaceName: undefined }),
    hep({ interfaceName: undefined, expectedIPs: [] }),
    'spec.interfaceName',
  ],
  ['an interface is * or a name', hep({ interfaceName: '*' }), hep({ interfaceName: 'eth*' }), 'spec.interfaceName'],
  [
    'an interface has at most 15 characters',
    hep({ interfaceName: 'x'.repeat(15) }),
    hep({ interfaceName: 'x'.repeat(16) }),
    'spec.interfaceName',
  ],
  [
    'expected addresses are bare',
    hep({ expectedIPs: ['fd00::1'] }),
    hep({ expectedIPs: ['10.9.0.7/32'] }),
    'spec.expectedIPs[0]',
  ],
  ['profiles are names', hep({ profiles: ['a.b'] }), hep({ profiles: ['a b'] }), 'spec.profiles[0]'],
  ['ports have a protocol with ports', port({ protocol: 17 }), port({ protocol: 'ICMP' }), 'spec.ports[0].protocol'],
  ['ports need a name', port({}), port({ name: '' }), 'spec.ports[0].name'],
  ['port names have a letter', port({ name: 'a-1' }), port({ name: '11' }), 'spec.ports[0].name'],
  ['port names have no double dash', port({ name: 'a-b' }), port({ name: 'a--b' }), 'spec.ports[0].name'],
  ['ports begin at 1', port({ port: 1 }), port({ port: 0 }), 'spec.ports[0].port'],
]);

const wep = (fields: Record<string, unknown>) => over('WorkloadEndpoint', fields);
const wepPort = (fields: Record<string, unknown>) =>
  wep({ ports: [{ name: 'pg', protocol: 'TCP', port: 1, ...fields }] });
const nat = (internalIP: string, externalIP: string) => wep({ ipNATs: [{ internalIP, externalIP }] });
const qos = (fields: Record<string, unknown>) => wep({ qosControls: fields });

testVerdicts(test, 'WorkloadEndpoint', [
  [
    'networks are single addresses',
    wep({ ipNetworks: ['10.77.3.65', 'fd00::1/128'] }),
    wep({ ipNetworks: ['10.77.3.64/26'] }),
    'spec.ipNetworks[0]',
  ],
  ['gateways have their family', wep({ ipv4Gateway: '10.0.0.1' }), wep({ ipv4Gateway: 'fd00::1' }), 'spec.ipv4Gateway'],
  ['IPv6 gateways have theirs', wep({ ipv6Gateway: 'fd00::1' }), wep({ ipv6Gateway: '10.0.0.1' }), 'spec.ipv6Gateway'],
  [
    'a floating address maps an own address',
    nat('10.77.3.65', '192.0.2.1'),
    nat('10.77.3.66', '192.0.2.1'),
    'spec.ipNATs[0].internalIP',
  ],
  [
    'a floating address keeps the family',
    nat('10.77.3.65', '192.0.2.1'),
    nat('10.77.3.65', 'fd00::9'),
    'spec.ipNATs[0].externalIP',
  ],
  [
    'ports need a name without a host port',
    wepPort({ name: '', hostPort: 80 }),
    wepPort({ name: '' }),
    'spec.ports[0].name',
  ],
  [
    'a port has a protocol with ports',
    wepPort({ protocol: 132 }),
    wepPort({ protocol: 'UDPLite' }),
    'spec.ports[0].protocol',
  ],
  ['port names are legal', wepPort({ name: 'pg' }), wepPort({ name: 'PG' }), 'spec.ports[0].name'],
  ['a host address is an address', wepPort({ hostIP: '10.0.0.1' }), wepPort({ hostIP: 'x' }), 'spec.ports[0].hostIP'],
  ['an interface is required', wep({}), wep({ interfaceName: undefined }), 'spec.interfaceName'],
  ['a hardware address is one', wep({ mac: '0000.5e00.5301' }), wep({ mac: '00:00:5e:00:53' }), 'spec.mac'],
  ['a container has an identifier', wep({}), wep({ containerID: '-7f3a' }), 'spec.containerID'],
  [
    'the name follows from the identifiers',
    {},
    { metadata: { name: 'node-7-cni-7f3a9c21d0b4-eth0' } },
    'metadata.name',
  ],
  ['the identifiers are there', {}, wep({ endpoint: undefined }), 'spec.endpoint'],
  [
    'spoofed sources are prefixes',
    wep({ allowSpoofedSourcePrefixes: ['10.0.0.1/8'] }),
    wep({ allowSpoofedSourcePrefixes: ['x'] }),
    'spec.allowSpoofedSourcePrefixes[0]',
  ],
  [
    'bandwidth has a range',
    qos({ ingressBandwidth: 1000, egressBandwidth: 0 }),
    qos({ ingressBandwidth: 999 }),
    'spec.qosControls.ingressBandwidth',
  ],
  [
    'packet rates have a range',
    qos({ egressPacketRate: 10_000 }),
    qos({ egressPacketRate: 10_001 }),
    'spec.qosControls.egressPacketRate',
  ],
  ['DSCP is a number or a name', qos({ dscp: 'af11' }), qos({ dscp: 64 }), 'spec.qosControls.dscp'],
  ['a namespace is required', {}, { metadata: { namespace: undefined } }, 'metadata.namespace'],
]);

for (const kind of ['GlobalNetworkSet', 'NetworkSet']) {
  testVerdicts(test, kind, [
    [
      'nets are addresses or prefixes, masked or not',
      spec({ nets: ['10.0.0.1/8', 'fd00::1'] }),
      spec({ nets: ['10.0.0.0/8', '10.0.0.0/33'] }),
      'spec.nets[1]',
    ],
    [
      'labels do not claim a namespace',
      { metadata: { labels: { a: 'b' } } },
      { metadata: { labels: { 'projectcalico.org/namespace': 'x' } } },
      'metadata.labels["projectcalico.org/namespace"]',
    ],
  ]);
}

const pool = (fields: Record<string, unknown>) => spec({ cidr: '10.77.0.0/16', ...fields });
const balancer = (fields: Record<string, unknown>) => pool({ allowedUses: ['LoadBalancer'], ...fields });

testVerdicts(test, 'IPPool', [
  ['a range is required', pool({}), spec({}), 'spec.cidr'],
  ['a range has a prefix length', pool({ cidr: '10.77.0.0/26' }), pool({ cidr: '10.77.0.0' }), 'spec.cidr'],
  ['a range is masked', pool({ cidr: 'fd00:77::/64' }), pool({ cidr: 'fd00:77::1/64' }), 'spec.cidr'],
  ['a range is not link-local', pool({ cidr: '169.253.0.0/16' }), pool({ cidr: '169.254.3.0/24' }), 'spec.cidr'],
  ['an IPv6 range is not link-local', pool({ cidr: 'fec0::/64' }), pool({ cidr: 'fe80::/64' }), 'spec.cidr'],
  ['a range holds a block', pool({ cidr: '10.77.0.0/26' }), pool({ cidr: '10.77.0.0/27' }), 'spec.cidr'],
  [
    'a disabled range need not',
    pool({ cidr: '10.77.0.0/27', disabled: true }),
    pool({ cidr: '10.77.0.0/30', blockSize: 29 }),
    'spec.cidr',
  ],
  ['IPv4 blocks are /20 to /32', pool({ blockSize: 20 }), pool({ blockSize: 19 }), 'spec.blockSize'],
  [
    'IPv6 blocks are /116 to /128',
    pool({ cidr: 'fd00::/64', blockSize: 116 }),
    pool({ cidr: 'fd00::/64', blockSize: 115 }),
    'spec.blockSize',
  ],
  [
    'one encapsulation at most',
    pool({ ipipMode: 'Always', vxlanMode: 'Never' }),
    pool({ ipipMode: 'Always', vxlanMode: 'CrossSubnet' }),
    'spec.vxlanMode',
  ],
  [
    'no IP-in-IP for IPv6',
    pool({ cidr: 'fd00::/64', vxlanMode: 'Always' }),
    pool({ cidr: 'fd00::/64', ipipMode: 'Always' }),
    'spec.ipipMode',
  ],
  ['modes are words', pool({ ipipMode: 'CrossSubnet' }), pool({ ipipMode: 'cross-subnet' }), 'spec.ipipMode'],
  [
    'load balancers share with nobody',
    balancer({}),
    balancer({ allowedUses: ['LoadBalancer', 'Workload'] }),
    'spec.allowedUses',
  ],
  ['load balancers do not encapsulate', balancer({}), balancer({ vxlanMode: 'Always' }), 'spec.vxlanMode'],
  ['load balancers are announced', balancer({}), balancer({ disableBGPExport: true }), 'spec.disableBGPExport'],
  [
    'load balancers are of all hosts',
    balancer({ nodeSelector: 'all()' }),
    balancer({ nodeSelector: 'has(a)' }),
    'spec.nodeSelector',
  ],
  [
    'tunnels have no namespaces',
    pool({ allowedUses: ['Workload'], namespaceSelector: 'has(a)' }),
    pool({ namespaceSelector: 'has(a)' }),
    'spec.namespaceSelector',
  ],
  [
    'selectors of hosts have no global()',
    pool({ nodeSelector: 'has(a)' }),
    pool({ nodeSelector: 'global()' }),
    'spec.nodeSelector',
  ],
  [
    'selectors of namespaces have no global()',
    pool({ allowedUses: ['Workload'], namespaceSelector: 'has(a)' }),
    pool({ allowedUses: ['Workload'], namespaceSelector: 'global()' }),
    'spec.namespaceSelector',
  ],
  [
    'assignment is automatic or manual',
    pool({ assignmentMode: 'Manual' }),
    pool({ assignmentMode: 'manual' }),
    'spec.assignmentMode',
  ],
]);

testVerdicts(test, 'IPReservation', [
  [
    'reservations are prefixes',
    spec({ reservedCIDRs: ['10.0.0.1/32'] }),
    spec({ reservedCIDRs: ['10.0.0.1'] }),
    'spec.reservedCIDRs[0]',
  ],
]);

testVerdicts(test, 'IPAMConfiguration', [
  ['the name is default', {}, { metadata: { name: 'other' } }, 'metadata.name'],
  ['also on update', { operation: 'update' }, { metadata: { name: 'other' }, operation: 'update' }, 'metadata.name'],
  [
    'blocks per host have a range',
    spec({ maxBlocksPerHost: 1_000_000 }),
    spec({ maxBlocksPerHost: -1 }),
    'spec.maxBlocksPerHost',
  ],
  [
    'cooldown has a range',
    spec({ ipCooldownSeconds: 1200 }),
    spec({ ipCooldownSeconds: 1201 }),
    'spec.ipCooldownSeconds',
  ],
]);

testVerdicts(test, 'BlockAffinity', [
  [
    'deleted is false',
    over('BlockAffinity', { deleted: 'false' }),
    over('BlockAffinity', { deleted: true }),
    'spec.deleted',
  ],
  ['the block is a prefix', {}, over('BlockAffinity', { cidr: '10.77.3.64' }), 'spec.cidr'],
  [
    'states are known',
    over('BlockAffinity', { state: '' }),
    over('BlockAffinity', { state: 'Confirmed' }),
    'spec.state',
  ],
]);

const node = (fields: Record<string, unknown>) => spec(fields);
const key = `${'A'.repeat(43)}=`;

testVerdicts(test, 'Node', [
  ['bgp is not empty', node({ bgp: { asNumber: '1.10' } }), node({ bgp: {} }), 'spec.bgp'],
  [
    'BGP addresses have their family',
    node({ bgp: { ipv4Address: '10.9.0.7/24' } }),
    node({ bgp: { ipv4Address: 'fd00::1/64' } }),
    'spec.bgp.ipv4Address',
  ],
  [
    'a cluster of reflectors looks like an address',
    node({ bgp: { routeReflectorClusterID: '244.0.0.1' } }),
    node({ bgp: { routeReflectorClusterID: '1' } }),
    'spec.bgp.routeReflectorClusterID',
  ],
  [
    'AS numbers fit 32 bits',
    node({ bgp: { asNumber: 4_294_967_295 } }),
    node({ bgp: { asNumber: 4_294_967_296 } }),
    'spec.bgp.asNumber',
  ],
  [
    'addresses parse',
    node({ addresses: [{ address: '10.9.0.7/24' }] }),
    node({ addresses: [{ address: '10.9.0' }] }),
    'spec.addresses[0].address',
  ],
  [
    'address types are known',
    node({ addresses: [{ address: '10.9.0.7', type: 'InternalIP' }] }),
    node({ addresses: [{ address: '10.9.0.7', type: 'Hostname' }] }),
    'spec.addresses[0].type',
  ],
  [
    'tunnel addresses have their family',
    node({ ipv6VXLANTunnelAddr: 'fd00::1' }),
    node({ ipv6VXLANTunnelAddr: '10.0.0.1' }),
    'spec.ipv6VXLANTunnelAddr',
  ],
  [
    'tunnel hardware addresses are such',
    node({ vxlanTunnelMACAddr: '66-11-22-33-44-55' }),
    node({ vxlanTunnelMACAddr: '66' }),
    'spec.vxlanTunnelMACAddr',
  ],
  [
    'WireGuard addresses have their family',
    node({ wireguard: { interfaceIPv4Address: '10.0.0.1' } }),
    node({ wireguard: { interfaceIPv4Address: 'fd00::1' } }),
    'spec.wireguard.interfaceIPv4Address',
  ],
]);

test('Node: a WireGuard key is 32 bytes in base64', async (t) => {
  const { decodeResource } = await import('#appliance/resources/decode.ts');
  const manifest = (wireguardPublicKey: string) => ({ ...kindOf('Node')!.example, status: { wireguardPublicKey } });
  t.true(decodeResource(manifest(key), 'create').ok);
  const bad = decodeResource(manifest('AAAA'), 'create');
  t.deepEqual(bad.ok ? [] : bad.problems.map((problem) => problem.path), ['status.wireguardPublicKey']);
});
