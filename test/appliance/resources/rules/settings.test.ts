/** Settings kinds and metadata: FelixConfiguration, KubeControllersConfiguration, CalicoNodeStatus, ClusterInformation. */
import test from 'ava';
import { decodeResource } from '#appliance/resources/decode.ts';
import { felixParameters } from '#appliance/resources/kinds/felix-parameters.ts';
import { type Change, manifestOf, testVerdicts, type Verdict } from './verdicts.ts';

function spec(fields: Record<string, unknown>, name?: string): Change {
  return name === undefined ? { spec: fields } : { spec: fields, metadata: { name } };
}

const failsafe = (entry: Record<string, unknown>) =>
  spec({ failsafeInboundHostPorts: [{ protocol: 'TCP', port: 22, ...entry }] });
const ranges = (...entries: [number, number][]) =>
  spec({ routeTableRanges: entries.map(([min, max]) => ({ min, max })) });
const timeout = (name: string, value: string) => spec({ healthTimeoutOverrides: [{ name, timeout: value }] });

testVerdicts(test, 'FelixConfiguration', [
  [
    'node ports are seven ranges at most',
    spec({ kubeNodePortRanges: ['1:2', 3] }),
    spec({ kubeNodePortRanges: [1, 2, 3, 4, 5, 6, 7, 8] }),
    'spec.kubeNodePortRanges',
  ],
  [
    'node ports are numbers',
    spec({ kubeNodePortRanges: ['30000:32767'] }),
    spec({ kubeNodePortRanges: ['http'] }),
    'spec.kubeNodePortRanges[0]',
  ],
  [
    'a table range lies within 1 to 250',
    spec({ routeTableRange: { min: 1, max: 250 } }),
    spec({ routeTableRange: { min: 1, max: 251 } }),
    'spec.routeTableRange.max',
  ],
  ['table ranges begin at 1', ranges([1, 5], [9, 9]), ranges([1, 5], [0, 9]), 'spec.routeTableRanges[1].min'],
  ['table ranges are in order', ranges([9, 9]), ranges([9, 8]), 'spec.routeTableRanges[0]'],
  [
    'table ranges end at 32 bits',
    ranges([0xffffffff, 0xffffffff]),
    ranges([0xffffffff, 0x100000000]),
    'spec.routeTableRanges[0].max',
  ],
  [
    'tables are at most 65535 in all',
    ranges([1, 65_535]),
    ranges([1, 65_535], [70_000, 70_000]),
    'spec.routeTableRanges',
  ],
  [
    'table range excludes table ranges',
    spec({ routeTableRange: { min: 1, max: 2 } }),
    spec({ routeTableRange: { min: 1, max: 2 }, routeTableRanges: [{ min: 1, max: 2 }] }),
    'spec.routeTableRange',
  ],
  [
    'the NAT address is IPv4',
    spec({ natOutgoingAddress: '10.0.0.1' }),
    spec({ natOutgoingAddress: 'fd00::1' }),
    'spec.natOutgoingAddress',
  ],
  [
    'the route source is IPv4',
    spec({ deviceRouteSourceAddress: '10.0.0.1' }),
    spec({ deviceRouteSourceAddress: 'fd00::1' }),
    'spec.deviceRouteSourceAddress',
  ],
  [
    'the IPv6 route source is IPv6',
    spec({ deviceRouteSourceAddressIPv6: 'fd00::1' }),
    spec({ deviceRouteSourceAddressIPv6: '10.0.0.1' }),
    'spec.deviceRouteSourceAddressIPv6',
  ],
  [
    'external nodes are IPv4',
    spec({ externalNodesList: ['10.0.0.1', '10.0.0.0/8'] }),
    spec({ externalNodesList: ['fd00::/8'] }),
    'spec.externalNodesList[0]',
  ],
  [
    'a region is a DNS label',
    spec({ openstackRegion: 'x'.repeat(46) }),
    spec({ openstackRegion: 'x'.repeat(47) }),
    'spec.openstackRegion',
  ],
  ["a log level of Go's making is none", spec({ bpfLogLevel: '' }), spec({ bpfLogLevel: 'loud' }), 'spec.bpfLogLevel'],
  [
    'networks left out of NAT may be addresses',
    spec({ bpfExcludeCIDRsFromNAT: ['10.0.0.1', 'fd00::/8'] }),
    spec({ bpfExcludeCIDRsFromNAT: ['ten'] }),
    'spec.bpfExcludeCIDRsFromNAT[0]',
  ],
  [
    'metrics have a host',
    spec({ prometheusMetricsHost: 'metrics.local' }),
    spec({ prometheusMetricsHost: '10.0.0.0/8' }),
    'spec.prometheusMetricsHost',
  ],
  [
    'spoofing is a word in its own case',
    spec({ workloadSourceSpoofing: 'Any' }),
    spec({ workloadSourceSpoofing: 'any' }),
    'spec.workloadSourceSpoofing',
  ],
  [
    'a loop is prevented by a word in its own case',
    spec({ serviceLoopPrevention: 'Reject' }),
    spec({ serviceLoopPrevention: 'reject' }),
    'spec.serviceLoopPrevention',
  ],
  [
    'failsafes have a protocol with ports, in any case',
    failsafe({ protocol: 'tcp' }),
    failsafe({ protocol: 'icmp' }),
    'spec.failsafeInboundHostPorts[0].protocol',
  ],
  [
    'failsafes have ports',
    failsafe({ protocol: 'SCTP' }),
    failsafe({ protocol: 'ICMP' }),
    'spec.failsafeInboundHostPorts[0].protocol',
  ],
  [
    'failsafe ports have a range',
    failsafe({ port: 65_535 }),
    failsafe({ port: 65_536 }),
    'spec.failsafeInboundHostPorts[0].port',
  ],
  [
    'failsafe nets parse',
    failsafe({ net: '10.0.0.0/8' }),
    failsafe({ net: 'ten' }),
    'spec.failsafeInboundHostPorts[0].net',
  ],
  [
    'default has no selector',
    spec({ nodeSelector: 'all()' }, 'edge'),
    spec({ nodeSelector: 'all()' }, 'default'),
    'spec.nodeSelector',
  ],
  [
    'per-node objects have no selector',
    spec({}, 'node.a'),
    spec({ nodeSelector: 'all()' }, 'node.a'),
    'spec.nodeSelector',
  ],
  [
    'override names have an alphabet',
    timeout('a b_c-1', '0s'),
    timeout('a.b', '0s'),
    'spec.healthTimeoutOverrides[0].name',
  ],
  ['timeouts are not negative', timeout('a', '1m'), timeout('a', '-1m'), 'spec.healthTimeoutOverrides[0].timeout'],
  [
    'durations parse',
    spec({ routeRefreshInterval: '90s' }),
    spec({ routeRefreshInterval: 90 }),
    'spec.routeRefreshInterval',
  ],
  [
    'actions ignore case',
    spec({ defaultEndpointToHostAction: 'ACCEPT' }),
    spec({ defaultEndpointToHostAction: 'yes' }),
    'spec.defaultEndpointToHostAction',
  ],
  ['modes do not ignore case', spec({ floatingIPs: 'Enabled' }), spec({ floatingIPs: 'enabled' }), 'spec.floatingIPs'],
  [
    'regular expressions compile',
    spec({ mtuIfacePattern: '^eth.*' }),
    spec({ mtuIfacePattern: '(' }),
    'spec.mtuIfacePattern',
  ],
  [
    'mark masks fit 32 bits',
    spec({ nftablesMarkMask: 0xffff0000 }),
    spec({ nftablesMarkMask: 0x1_0000_0000 }),
    'spec.nftablesMarkMask',
  ],
  ['ports have a range', spec({ healthPort: 0 }), spec({ healthPort: -1 }), 'spec.healthPort'],
  [
    'rate limits have a form',
    spec({ logActionRateLimit: '10/minute' }),
    spec({ logActionRateLimit: '0/minute' }),
    'spec.logActionRateLimit',
  ],
  [
    'local parameters are not for the store',
    spec({ logSeverityScreen: 'info' }),
    spec({ etcdAddr: '127.0.0.1:2379' }),
    'spec.etcdAddr',
  ],
]);

test('felixParameters has every parameter once', (t) => {
  t.is(felixParameters.length, 210);
  t.is(new Set(felixParameters.map((parameter) => parameter.name.toLowerCase())).size, 210);
  t.is(felixParameters.filter((parameter) => parameter.yaml === undefined).length, 23);
});

const template = (fields: Record<string, unknown>, ...more: Record<string, unknown>[]) =>
  spec({
    controllers: {
      node: {
        hostEndpoint: { templates: [{ generateName: 'a', interfaceCIDRs: ['10.0.0.0/8'], ...fields }, ...more] },
      },
    },
  });
const at = 'spec.controllers.node.hostEndpoint.templates';

testVerdicts(test, 'KubeControllersConfiguration', [
  ['a template has a name', template({}), template({ generateName: undefined }), `${at}[0].generateName`],
  [
    'names of templates are unique',
    template({}, { generateName: 'b', interfacePattern: 'eth.*' }),
    template({}, { generateName: 'a', interfacePattern: 'eth.*' }),
    `${at}[1].generateName`,
  ],
  [
    'a template names interfaces',
    template({ interfaceCIDRs: [], interfacePattern: 'eth.*' }),
    template({ interfaceCIDRs: [] }),
    `${at}[0]`,
  ],
  [
    'patterns compile',
    template({ interfacePattern: 'eth[0-9]' }),
    template({ interfacePattern: 'eth[' }),
    `${at}[0].interfacePattern`,
  ],
  ['selectors parse', template({ nodeSelector: 'all()' }), template({ nodeSelector: 'all(' }), `${at}[0].nodeSelector`],
  ['labels are labels', template({ labels: { a: 'b' } }), template({ labels: { a: 'b c' } }), `${at}[0].labels.a`],
  [
    'annotations have keys',
    template({ annotations: { a: 'b c' } }),
    template({ annotations: { 'a b': 'c' } }),
    `${at}[0].annotations["a b"]`,
  ],
  [
    'interfaces have addresses',
    template({ interfaceCIDRs: ['10.0.0.1'] }),
    template({ interfaceCIDRs: ['x'] }),
    `${at}[0].interfaceCIDRs[0]`,
  ],
  ['the name is default', {}, { metadata: { name: 'other' } }, 'metadata.name'],
  [
    'severities are words',
    spec({ logSeverityScreen: 'Panic' }),
    spec({ logSeverityScreen: 'panic' }),
    'spec.logSeverityScreen',
  ],
]);

testVerdicts(test, 'CalicoNodeStatus', [
  ['a node is required', {}, spec({ classes: ['BGP'], updatePeriodSeconds: 0 }), 'spec.node'],
  ['classes are required', {}, spec({ node: 'a', updatePeriodSeconds: 0 }), 'spec.classes'],
  ['classes are unique', {}, spec({ node: 'a', classes: ['BGP', 'BGP'], updatePeriodSeconds: 0 }), 'spec.classes[1]'],
  [
    'a period is required and may be 0',
    spec({ node: 'a', classes: ['BGP'], updatePeriodSeconds: 0 }),
    spec({ node: 'a', classes: ['BGP'] }),
    'spec.updatePeriodSeconds',
  ],
  [
    'a period is a day at most',
    {},
    spec({ node: 'a', classes: ['BGP'], updatePeriodSeconds: 86_401 }),
    'spec.updatePeriodSeconds',
  ],
]);

testVerdicts(test, 'ClusterInformation', [
  ['the name is default on create', {}, { metadata: { name: 'other' } }, 'metadata.name'],
  ['readiness is a boolean', spec({ datastoreReady: false }), spec({ datastoreReady: 'false' }), 'spec.datastoreReady'],
]);

const metadata: readonly Verdict[] = [
  ['a name is required', {}, { metadata: { name: undefined } }, 'metadata.name'],
  [
    'generateName does not stand for it',
    { metadata: { generateName: 'a' } },
    { metadata: { name: '', generateName: 'a' } },
    'metadata.name',
  ],
  [
    'a name has at most 253 characters',
    { metadata: { name: 'x'.repeat(253) } },
    { metadata: { name: 'x'.repeat(254) } },
    'metadata.name',
  ],
  ['a name has no empty label', { metadata: { name: 'a.b' } }, { metadata: { name: 'a..b' } }, 'metadata.name'],
  [
    'labels have qualified keys',
    { metadata: { labels: { 'a.b/C_d': '' } } },
    { metadata: { labels: { 'A.b/c': '' } } },
    'metadata.labels["A.b/c"]',
  ],
  [
    'label values are at most 63 long',
    { metadata: { labels: { a: 'x'.repeat(63) } } },
    { metadata: { labels: { a: 'x'.repeat(64) } } },
    'metadata.labels.a',
  ],
  ['labels are strings', { metadata: { labels: { a: '1' } } }, { metadata: { labels: { a: 1 } } }, 'metadata.labels.a'],
  [
    'annotation keys ignore case',
    { metadata: { annotations: { 'A.b/c': '\n' } } },
    { metadata: { annotations: { 'a b/c': '' } } },
    'metadata.annotations["a b/c"]',
  ],
  [
    'annotations are at most 256 KiB',
    { metadata: { annotations: { a: 'x'.repeat(262_143) } } },
    { metadata: { annotations: { a: 'x'.repeat(262_144) } } },
    'metadata.annotations',
  ],
  ['metadata has no other fields', {}, { metadata: { clusterName: 'a' } }, 'metadata.clusterName'],
];
testVerdicts(test, 'GlobalNetworkSet', metadata);

test('decodeResource() lets ClusterInformation of another name be updated', (t) => {
  t.true(decodeResource(manifestOf('ClusterInformation', { metadata: { name: 'other' } }), 'update').ok);
});
