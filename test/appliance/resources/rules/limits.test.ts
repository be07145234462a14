/** Limits of length and number, words, families and forms that the tables of the single kinds leave out. */
import test from 'ava';
import { kindOf } from '#appliance/resources/registry.ts';
import { type Change, testVerdicts, type Verdict } from './verdicts.ts';

/** Rows of values for one field of a kind's example: what is right, what is wrong, and where below the field. */
type Row = readonly [rule: string, field: string, right: unknown, wrong: unknown, below?: string];

testRows('GlobalNetworkPolicy', [
  ['a selector has at most 1024 characters', 'selector', selector(1024), selector(1025)],
  ['a selector of namespaces has at most 1024', 'namespaceSelector', selector(1024), selector(1025)],
  ['a selector of service accounts parses', 'serviceAccountSelector', 'all()', 'all('],
  ['there are two types at most', 'types', ['Ingress', 'Egress'], ['Ingress', 'Egress', 'Both']],
  ['hints are not repeated', 'performanceHints', hints(1), hints(2), '[1]'],
]);

const side = (name: 'source' | 'destination', rows: readonly Row[]): Row[] =>
  rows.map(([rule, field, right, wrong, below = '']) => [
    rule,
    'ingress',
    [{ action: 'Allow', protocol: 'TCP', [name]: { [field]: right } }],
    [{ action: 'Allow', protocol: 'TCP', [name]: { [field]: wrong } }],
    `[0].${name}.${field}${below}`,
  ]);

testRows('GlobalNetworkPolicy', [
  ...side('source', [
    ['a side has at most 256 nets', 'nets', Array(256).fill('10.0.0.0/8'), Array(257).fill('10.0.0.0/8')],
    ['a side excludes at most 256 nets', 'notNets', Array(256).fill('10.0.0.0/8'), Array(257).fill('10.0.0.0/8')],
    ['a side excludes at most 50 ports', 'notPorts', Array(50).fill(1), Array(51).fill(1)],
    ['negated selectors parse', 'notSelector', "a != 'b'", "a =! 'b'"],
    ['negated selectors have at most 1024 characters', 'notSelector', selector(1024), selector(1025)],
    ['namespace selectors of rules parse', 'namespaceSelector', 'has(a)', 'has a'],
    ['global() may stand in brackets', 'namespaceSelector', '(global())', '!global()'],
    ['a value may read like global()', 'namespaceSelector', "a == 'global('", 'global(a)'],
    ['names of ports end at 15 characters', 'ports', ['p'.repeat(15)], ['p'.repeat(16)], '[0]'],
    ['digits with a zero before are a port', 'ports', ['080'], ['0'], '[0]'],
  ]),
  ...side('destination', [
    [
      'IPv4 in the form of IPv6 is IPv4',
      'nets',
      ['10.0.0.0/8', '::ffff:10.0.0.0/104'],
      ['10.0.0.0/8', '::fffe:0:0/104'],
      '[1]',
    ],
    ['prefix lengths fit their family', 'nets', ['fd00::/128'], ['10.0.0.0/33'], '[0]'],
  ]),
]);

const inRule = (field: string, right: unknown, wrong: unknown, below = ''): [string, unknown, unknown, string] => [
  'ingress',
  [{ action: 'Allow', [field]: right }],
  [{ action: 'Allow', [field]: wrong }],
  `[0].${field}${below}`,
];
const path = (value: string) => ({ paths: [{ exact: value }] });
const annotations = (bytes: number) => ({ annotations: { a: 'x'.repeat(bytes - 1) } });

testRows('GlobalNetworkPolicy', [
  ['http has at most 20 paths', ...inRule('http', paths(20), paths(21), '.paths')],
  [
    'http paths have at most 1024 characters',
    ...inRule('http', path(`/${'x'.repeat(1023)}`), path(`/${'x'.repeat(1024)}`), '.paths[0].exact'),
  ],
  ['http paths have no blanks', ...inRule('http', path('/a%20b'), path('/a b'), '.paths[0].exact')],
  ['http paths have no fragment', ...inRule('http', path('/a'), path('/#a'), '.paths[0].exact')],
  [
    'annotations of a rule are at most 256 KiB',
    ...inRule('metadata', annotations(262_144), annotations(262_145), '.annotations'),
  ],
  ['protocols known by name are six', ...inRule('protocol', 'UDPLite', 'GRE')],
]);

testVerdicts(test, 'NetworkPolicy', [
  ['policies from OpenStack keep their names', named('ossg.default.a.b'), named('ossg.a.b'), 'metadata.name'],
  [
    'a label key has at most 63 characters',
    labelled('x'.repeat(63)),
    labelled('x'.repeat(64)),
    `metadata.labels.${'x'.repeat(64)}`,
  ],
  ['a label key has one slash', labelled('a/b'), labelled('a/b/c'), 'metadata.labels["a/b/c"]'],
]);

testRows('IPPool', [
  [
    'a range has at most 48 characters',
    'cidr',
    'fd00:0000:0000:0000:0000:0000:0000:0000/64',
    `${'0'.repeat(40)}fd00::/64`,
  ],
  ['uses are known', 'allowedUses', ['Workload', 'Tunnel'], ['Workload', 'Pod'], '[1]'],
  ['uses are ten at most', 'allowedUses', Array(10).fill('Workload'), Array(11).fill('Workload')],
  ['selectors of hosts parse', 'nodeSelector', "a starts with 'b'", 'a starts'],
]);
testVerdicts(test, 'IPPool', [
  [
    'load balancers do not encapsulate in IP-in-IP either',
    pool({ allowedUses: ['LoadBalancer'] }),
    pool({ allowedUses: ['LoadBalancer'], ipipMode: 'CrossSubnet' }),
    'spec.ipipMode',
  ],
  [
    'load balancers do not share with tunnels',
    pool({ allowedUses: ['LoadBalancer'] }),
    pool({ allowedUses: ['Tunnel', 'LoadBalancer'] }),
    'spec.allowedUses',
  ],
  [
    'tunnels that are named have no namespaces',
    pool({ allowedUses: ['Workload'], namespaceSelector: 'all()' }),
    pool({ allowedUses: ['Tunnel'], namespaceSelector: 'all()' }),
    'spec.namespaceSelector',
  ],
]);
testRows('IPAMConfiguration', [
  ['blocks per host end at a million', 'maxBlocksPerHost', 0, 1_000_001],
  ['persistence is on or off', 'kubeVirtVMAddressPersistence', 'Disabled', 'disabled'],
]);
testRows('BlockAffinity', [
  ['owners are hosts or virtual', 'type', 'virtual', 'pod'],
  ['a release has its state', 'state', 'pendingDeletion', 'deleting'],
]);

testRows('HostEndpoint', [
  ['port names have at most 15 characters', 'ports', port('x'.repeat(15)), port('x'.repeat(16)), '[0].name'],
  ['port names begin with no dash', 'ports', port('a-1'), port('-a'), '[0].name'],
  ['expected addresses have no zeros before', 'expectedIPs', ['10.0.0.1'], ['10.0.0.01'], '[0]'],
]);
testRows('WorkloadEndpoint', [
  ['IPv4 in the form of IPv6 is a gateway of IPv4', 'ipv4Gateway', '::ffff:10.0.0.1', '::fffe:10.0.0.1'],
  ['hardware addresses have 6, 8 or 20 bytes', 'mac', Array(20).fill('ab').join(':'), Array(7).fill('ab').join(':')],
  ['hardware addresses may have dashes', 'mac', 'ab-cd-ef-01-23-45', 'ab-cd:ef-01-23-45'],
  ['profiles are names', 'profiles', ['kns.a'], ['Kns'], '[0]'],
  ...(
    [
      ['ingressBurst', 34_359_738_360, 34_359_738_361],
      ['egressPeakrate', 1_010, 1_009],
      ['ingressMinburst', 100_000_000, 100_000_001],
      ['egressPacketBurst', 10_000, 10_001],
      ['ingressMaxConnections', 4_294_967_295, 4_294_967_296],
      ['egressBandwidth', 1e15, 1e15 + 1],
    ] as const
  ).map(
    ([field, right, wrong]): Row => [
      `${field} has a range`,
      'qosControls',
      { [field]: right },
      { [field]: wrong },
      `.${field}`,
    ],
  ),
]);
testRows('Node', [
  ['an orchestrator is named', 'orchRefs', [{ orchestrator: 'k8s' }], [{ nodeName: 'a' }], '[0].orchestrator'],
  [
    'the tunnel of IP-in-IP is IPv4',
    'bgp',
    { ipv4IPIPTunnelAddr: '10.0.0.1' },
    { ipv4IPIPTunnelAddr: 'fd00::1' },
    '.ipv4IPIPTunnelAddr',
  ],
  [
    'the IPv6 address of BGP is IPv6',
    'bgp',
    { ipv6Address: 'fd00::1/64' },
    { ipv6Address: '10.0.0.1/8' },
    '.ipv6Address',
  ],
  ['the tunnel of VXLAN is IPv4', 'ipv4VXLANTunnelAddr', '10.0.0.1', 'fd00::1'],
  [
    'WireGuard of IPv6 is IPv6',
    'wireguard',
    { interfaceIPv6Address: 'fd00::1' },
    { interfaceIPv6Address: '10.0.0.1' },
    '.interfaceIPv6Address',
  ],
]);

const bgpRule = (fields: object) => [{ action: 'Accept', ...fields }];
const operation = (fields: object) => bgpRule({ operations: [fields] });
testRows('BGPFilter', [
  [
    'operators are four',
    'importV4',
    bgpRule({ cidr: '10.0.0.0/8', matchOperator: 'NotIn' }),
    bgpRule({ cidr: '10.0.0.0/8', matchOperator: 'in' }),
    '[0].matchOperator',
  ],
  [
    'prefixes are masked',
    'importV4',
    bgpRule({ cidr: '10.0.0.0/8', matchOperator: 'In' }),
    bgpRule({ cidr: '10.0.0.1/8', matchOperator: 'In' }),
    '[0].cidr',
  ],
  ['sources are one word', 'exportV6', bgpRule({ source: 'RemotePeers' }), bgpRule({ source: 'Remote' }), '[0].source'],
  ['peerings are two', 'exportV4', bgpRule({ peerType: 'iBGP' }), bgpRule({ peerType: 'ibgp' }), '[0].peerType'],
  [
    'AS paths hold AS numbers',
    'importV6',
    bgpRule({ asPathPrefix: ['1.10', 7] }),
    bgpRule({ asPathPrefix: [7, -1] }),
    '[0].asPathPrefix[1]',
  ],
  [
    'interfaces have at most 15 characters',
    'importV4',
    bgpRule({ interface: 'x'.repeat(15) }),
    bgpRule({ interface: 'x'.repeat(16) }),
    '[0].interface',
  ],
  [
    'a community is compared',
    'importV4',
    bgpRule({ communities: { values: ['1:2:3'] } }),
    bgpRule({ communities: {} }),
    '[0].communities.values',
  ],
  [
    'an operation is something',
    'importV4',
    operation({ addCommunity: { value: '1:2' } }),
    operation({}),
    '[0].operations[0]',
  ],
  [
    'a path is prepended once at least',
    'importV4',
    operation({ prependASPath: { prefix: [1] } }),
    operation({ prependASPath: { prefix: [] } }),
    '[0].operations[0].prependASPath.prefix',
  ],
  [
    'a priority that is set has a range',
    'importV4',
    operation({ setPriority: { value: 2_147_483_646 } }),
    operation({ setPriority: { value: 2_147_483_647 } }),
    '[0].operations[0].setPriority.value',
  ],
]);
testRows('BGPPeer', [
  ['next hops are three', 'nextHopMode', 'Auto', 'auto'],
  ['source addresses are two', 'sourceAddress', 'None', 'Node'],
  ['peering back is automatic or not', 'reversePeering', 'Manual', 'Off'],
  ['own AS numbers fit 32 bits', 'numAllowedLocalASNumbers', 2_147_483_647, 2_147_483_648],
  ['AS numbers may have a dot', 'localASNumber', '65535.65535', '65536.1'],
  ['peers have an address', 'peerIP', '10.9.0.1:1', '10.9.0.1:0'],
  ['selectors of hosts parse', 'nodeSelector', 'all()', 'all'],
  ['restart times are durations', 'maxRestartTime', '2h', '2 hours'],
]);
testRows('BGPConfiguration', [
  ['communities are 500 at most', 'communities', communities(500), communities(501)],
  ['advertisements are 500 at most', 'prefixAdvertisements', advertisements(500, 1), advertisements(501, 1)],
  [
    'an advertisement has at most 50 communities',
    'prefixAdvertisements',
    advertisements(1, 50),
    advertisements(1, 51),
    '[0].communities',
  ],
  ['BGP binds to all or one', 'bindMode', 'NodeIP', 'nodeIP'],
  ['aggregation is on or off', 'serviceLoadBalancerAggregation', 'Disabled', 'None'],
  ['routes are programmed in four ways', 'programClusterRoutes', 'EnabledIPIPOnly', 'IPIP'],
  ['workloads peer with IPv4', 'localWorkloadPeeringIPV4', '10.0.0.1', 'fd00::1'],
  ['IPv6 priorities begin at 1', 'ipv6NormalRoutePriority', 1, 0],
  ['ignored interfaces have an alphabet', 'ignoredInterfaces', ['cali*'], ['cali/0'], '[0]'],
]);

testRows('FelixConfiguration', [
  ['filters of interfaces have an alphabet', 'iptablesNATOutgoingInterfaceFilter', 'eth+', 'eth*'],
  [
    'filters of interfaces have at most 15 characters',
    'iptablesNATOutgoingInterfaceFilter',
    'x'.repeat(15),
    'x'.repeat(16),
  ],
]);
const controllers = (name: string, fields: object) => ({ [name]: fields });
testRows('KubeControllersConfiguration', [
  ['health checks are on or off', 'healthChecks', 'Disabled', 'disabled'],
  [
    'addresses are given to all or on request',
    'controllers',
    controllers('loadBalancer', { assignIPs: 'RequestedServicesOnly' }),
    controllers('loadBalancer', { assignIPs: 'None' }),
    '.loadBalancer.assignIPs',
  ],
  [
    'names are migrated or not',
    'controllers',
    controllers('migration', { policyNameMigrator: 'Disabled' }),
    controllers('migration', { policyNameMigrator: 'Off' }),
    '.migration.policyNameMigrator',
  ],
  [
    'labels are synchronised or not',
    'controllers',
    controllers('node', { syncLabels: 'Disabled' }),
    controllers('node', { syncLabels: true }),
    '.node.syncLabels',
  ],
  [
    'periods are durations',
    'controllers',
    controllers('policy', { reconcilerPeriod: '5m' }),
    controllers('policy', { reconcilerPeriod: 5 }),
    '.policy.reconcilerPeriod',
  ],
  ['compaction may be off', 'etcdV3CompactionPeriod', '0s', 'never'],
  ['ports fit 16 bits', 'prometheusMetricsPort', 0, 65_536],
]);
testRows('CalicoNodeStatus', [['classes are three', 'classes', ['Agent', 'BGP', 'Routes'], ['Agent', 'IPAM'], '[1]']]);
testRows('LiveMigration', [
  ['the target is selected', 'target', { selector: 'all()' }, { selector: 'all(' }, '.selector'],
]);
testRows('StagedKubernetesNetworkPolicy', [
  ['directions are two at most', 'policyTypes', ['Ingress', 'Egress'], ['Ingress', 'Egress', 'Ingress']],
  ['directions are words', 'policyTypes', ['Egress'], ['egress'], '[0]'],
]);
testRows('Tier', [['an order is a number', 'order', 1.5, '1']]);
testRows('Profile', [['a profile has at most 1024 rules a direction', 'egress', rules(1024), rules(1025)]]);

/** The example of the kind with one field replaced. */
function testRows(kind: string, rows: readonly Row[]): void {
  const change = (field: string, value: unknown): Change => ({
    spec: { ...base(kind), [field]: value },
  });
  testVerdicts(
    test,
    kind,
    rows.map(
      ([rule, field, right, wrong, below = '']): Verdict => [
        rule,
        change(field, right),
        change(field, wrong),
        `spec.${field}${below}`,
      ],
    ),
  );
}

/** Of kinds whose fields constrain each other no more than the example's required ones. */
function base(kind: string): Record<string, unknown> {
  const { spec } = kindOf(kind)!.example;
  if (kind === 'BGPPeer') return { peerIP: '10.9.0.1', asNumber: 1 };
  if (kind === 'BGPConfiguration') return { prefixAdvertisements: advertisements(1, 1) };
  if (kind.endsWith('Policy') || kind === 'BGPFilter') return {};
  return kind === 'IPPool' ? { cidr: '10.77.0.0/16' } : spec;
}

function named(name: string): Change {
  return { metadata: { name } };
}

function labelled(key: string): Change {
  return { metadata: { labels: { [key]: 'a' } } };
}

function pool(fields: Record<string, unknown>): Change {
  return { spec: { cidr: '10.77.0.0/16', ...fields } };
}

function selector(length: number): string {
  return `a == '${'x'.repeat(length - 7)}'`;
}

function hints(count: number): string[] {
  return Array(count).fill('AssumeNeededOnEveryNode');
}

function paths(count: number) {
  return { paths: Array(count).fill({ prefix: '/' }) };
}

function port(name: string) {
  return [{ name, protocol: 'TCP', port: 1 }];
}

function communities(count: number) {
  return Array.from({ length: count }, (_, i) => ({ name: `c${i}`, value: '1:1' }));
}

function advertisements(count: number, each: number) {
  return Array(count).fill({ cidr: '10.0.0.0/8', communities: Array(each).fill('1:1') });
}

function rules(count: number) {
  return Array(count).fill({ action: 'Allow' });
}
