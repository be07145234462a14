/** BGP kinds: what excludes, needs or contradicts what. */
import test from 'ava';
import { type Change, testVerdicts } from './verdicts.ts';

function spec(fields: Record<string, unknown>, name?: string): Change {
  return name === undefined ? { spec: fields } : { spec: fields, metadata: { name } };
}

const peer = { peerIP: '10.9.0.1', asNumber: 64701 };

testVerdicts(test, 'BGPPeer', [
  [
    'node excludes nodeSelector',
    spec({ ...peer, node: 'a' }),
    spec({ ...peer, node: 'a', nodeSelector: 'all()' }),
    'spec.nodeSelector',
  ],
  [
    'peerIP may have a port',
    spec({ ...peer, peerIP: '[fd00::1]:1790' }),
    spec({ ...peer, peerIP: 'fd00::1:99999' }),
    'spec.peerIP',
  ],
  [
    'ports of peers end at 65535',
    spec({ ...peer, peerIP: '10.9.0.1:65535' }),
    spec({ ...peer, peerIP: '10.9.0.1:65536' }),
    'spec.peerIP',
  ],
  [
    'peerIP excludes peerSelector',
    spec({ peerSelector: 'has(rr)' }),
    spec({ peerIP: '10.9.0.1', peerSelector: 'has(rr)' }),
    'spec.peerSelector',
  ],
  [
    'peerSelector excludes asNumber',
    spec({ peerSelector: 'has(rr)', asNumber: 0 }),
    spec({ peerSelector: 'has(rr)', asNumber: 1 }),
    'spec.asNumber',
  ],
  [
    'local workloads need asNumber',
    spec({ localWorkloadSelector: 'all()', asNumber: 1 }),
    spec({ localWorkloadSelector: 'all()' }),
    'spec.asNumber',
  ],
  [
    'local workloads exclude peerIP',
    spec({ localWorkloadSelector: 'all()', asNumber: 1 }),
    spec({ ...peer, localWorkloadSelector: 'all()' }),
    'spec.peerIP',
  ],
  [
    'local workloads exclude peerSelector',
    spec({ localWorkloadSelector: 'all()', asNumber: 1 }),
    spec({ localWorkloadSelector: 'all()', peerSelector: 'all()' }),
    'spec.peerSelector',
  ],
  [
    'reachableBy needs peerIP',
    spec({ ...peer, reachableBy: '10.9.0.254' }),
    spec({ peerSelector: 'all()', reachableBy: '10.9.0.254' }),
    'spec.reachableBy',
  ],
  [
    'reachableBy is of the same family',
    spec({ peerIP: '[fd00::1]:179', asNumber: 1, reachableBy: 'fd00::2' }),
    spec({ ...peer, reachableBy: 'fd00::2' }),
    'spec.reachableBy',
  ],
  [
    'keepOriginalNextHop excludes nextHopMode',
    spec({ ...peer, keepOriginalNextHop: false, nextHopMode: 'Keep' }),
    spec({ ...peer, keepOriginalNextHop: true, nextHopMode: 'Keep' }),
    'spec.keepOriginalNextHop',
  ],
  [
    'ttlSecurity fits a byte',
    spec({ ...peer, ttlSecurity: 255 }),
    spec({ ...peer, ttlSecurity: 256 }),
    'spec.ttlSecurity',
  ],
  [
    'durations parse',
    spec({ ...peer, keepaliveTime: '1m30s' }),
    spec({ ...peer, keepaliveTime: '90' }),
    'spec.keepaliveTime',
  ],
  ['filters are names', spec({ ...peer, filters: ['a'] }), spec({ ...peer, filters: ['a', 'A'] }), 'spec.filters[1]'],
  [
    'secrets have a key',
    spec({ ...peer, password: { secretKeyRef: { name: 'a', key: 'b' } } }),
    spec({ ...peer, password: { secretKeyRef: { name: 'a' } } }),
    'spec.password.secretKeyRef.key',
  ],
]);

const advertise = (communities: unknown) => ({ prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities }] });

testVerdicts(test, 'BGPConfiguration', [
  [
    'a mesh password needs the mesh',
    spec({ nodeMeshPassword: { secretKeyRef: { key: 'k' } } }),
    spec({ nodeToNodeMeshEnabled: false, nodeMeshPassword: { secretKeyRef: { key: 'k' } } }),
    'spec.nodeMeshPassword',
  ],
  [
    'a mesh restart time needs the mesh',
    spec({ nodeMeshMaxRestartTime: '10s' }),
    spec({ nodeToNodeMeshEnabled: false, nodeMeshMaxRestartTime: '10s' }),
    'spec.nodeMeshMaxRestartTime',
  ],
  [
    'communities are used',
    spec({ communities: [{ name: 'a', value: '1:2' }], ...advertise(['a']) }),
    spec({ communities: [{ name: 'a', value: '1:2' }] }),
    'spec.communities',
  ],
  [
    'communities are known or values',
    spec(advertise(['1:2', '1:2:3'])),
    spec(advertise(['1:2', 'b'])),
    'spec.prefixAdvertisements[0].communities[1]',
  ],
  [
    'community values fit their bits',
    spec({ communities: [{ name: 'a', value: '65535:1' }], ...advertise(['a']) }),
    spec({ communities: [{ name: 'a', value: '65536:1' }], ...advertise(['a']) }),
    'spec.communities[0].value',
  ],
  [
    'large community values fit theirs',
    spec(advertise(['4294967295:0:0'])),
    spec(advertise(['4294967296:0:0'])),
    'spec.prefixAdvertisements[0].communities[0]',
  ],
  [
    'advertised prefixes have a length',
    spec(advertise(['1:2'])),
    spec({ prefixAdvertisements: [{ cidr: '10.0.0.1', communities: ['1:2'] }] }),
    'spec.prefixAdvertisements[0].cidr',
  ],
  [
    'service ranges have a length',
    spec({ serviceClusterIPs: [{ cidr: '10.0.0.0/8' }, {}] }),
    spec({ serviceClusterIPs: [{ cidr: '10.0.0.1' }] }),
    'spec.serviceClusterIPs[0].cidr',
  ],
  [
    'service ranges have no host bits',
    spec({ serviceExternalIPs: [{ cidr: '10.0.0.0/8' }] }),
    spec({ serviceExternalIPs: [{ cidr: '10.0.0.1/8' }] }),
    'spec.serviceExternalIPs[0].cidr',
  ],
  [
    'ignored interfaces are not all',
    spec({ ignoredInterfaces: ['eth*'] }),
    spec({ ignoredInterfaces: ['*'] }),
    'spec.ignoredInterfaces[0]',
  ],
  [
    'severities ignore case',
    spec({ logSeverityScreen: 'DEBUG' }),
    spec({ logSeverityScreen: 'loud' }),
    'spec.logSeverityScreen',
  ],
  [
    'priorities have a range',
    spec({ ipv4NormalRoutePriority: 1 }),
    spec({ ipv4NormalRoutePriority: 2_147_483_647 }),
    'spec.ipv4NormalRoutePriority',
  ],
  [
    'workload peering has its family',
    spec({ localWorkloadPeeringIPV6: 'fd00::1' }),
    spec({ localWorkloadPeeringIPV6: '10.0.0.1' }),
    'spec.localWorkloadPeeringIPV6',
  ],
  ['ports have a range', spec({ listenPort: 1790 }), spec({ listenPort: 65_536 }), 'spec.listenPort'],
  ...['nodeToNodeMeshEnabled', 'asNumber', 'nodeMeshMaxRestartTime'].map((field) => {
    const value = { nodeToNodeMeshEnabled: true, asNumber: 1, nodeMeshMaxRestartTime: '1s' }[field];
    return [
      `${field} is for default only`,
      spec({ [field]: value }),
      spec({ [field]: value }, 'node.a'),
      `spec.${field}`,
    ] as const;
  }),
  ...['serviceLoadBalancerIPs', 'serviceExternalIPs', 'serviceClusterIPs'].map((field) => {
    const value = [{ cidr: '10.0.0.0/8' }];
    return [
      `${field} are for default only`,
      spec({ [field]: value }),
      spec({ [field]: value }, 'node.a'),
      `spec.${field}`,
    ] as const;
  }),
  [
    'nodeMeshPassword is for default only',
    spec({ listenPort: 1 }, 'node.a'),
    spec({ nodeMeshPassword: { secretKeyRef: { key: 'k' } } }, 'node.a'),
    'spec.nodeMeshPassword',
  ],
]);

const rule = (fields: Record<string, unknown>) => spec({ importV4: [{ action: 'Accept', ...fields }] });
const rule6 = (fields: Record<string, unknown>) => spec({ exportV6: [{ action: 'Accept', ...fields }] });
const cidr = { cidr: '10.0.0.0/8', matchOperator: 'In' };

testVerdicts(test, 'BGPFilter', [
  ['an action is required', rule({}), spec({ importV4: [{}] }), 'spec.importV4[0].action'],
  ['cidr needs matchOperator', rule(cidr), rule({ cidr: '10.0.0.0/8' }), 'spec.importV4[0].matchOperator'],
  ['matchOperator needs cidr', rule(cidr), rule({ matchOperator: 'In' }), 'spec.importV4[0].cidr'],
  [
    'prefixLength needs cidr',
    rule({ ...cidr, prefixLength: { min: 8 } }),
    rule({ prefixLength: { min: 8 } }),
    'spec.importV4[0].cidr',
  ],
  [
    'IPv4 lengths end at 32',
    rule({ ...cidr, prefixLength: { max: 32 } }),
    rule({ ...cidr, prefixLength: { max: 33 } }),
    'spec.importV4[0].prefixLength.max',
  ],
  [
    'IPv6 lengths end at 128',
    rule6({ cidr: 'fd00::/8', matchOperator: 'In', prefixLength: { max: 128 } }),
    rule6({ cidr: 'fd00::/8', matchOperator: 'In', prefixLength: { max: 129 } }),
    'spec.exportV6[0].prefixLength.max',
  ],
  [
    'prefixes have their family',
    rule6({ cidr: 'fd00::/8', matchOperator: 'In' }),
    rule6(cidr),
    'spec.exportV6[0].cidr',
  ],
  [
    'interfaces may have wildcards',
    rule({ interface: '*' }),
    rule({ interface: 'eth 0' }),
    'spec.importV4[0].interface',
  ],
  [
    'one community is compared',
    rule({ communities: { values: ['1:2'] } }),
    rule({ communities: { values: ['1:2', '1:3'] } }),
    'spec.importV4[0].communities.values',
  ],
  [
    'operations are for Accept',
    rule({ operations: [{ setPriority: { value: 1 } }] }),
    rule({ action: 'Reject', operations: [{ setPriority: { value: 1 } }] }),
    'spec.importV4[0].operations',
  ],
  [
    'an operation is one',
    rule({ operations: [{ setPriority: { value: 1 } }] }),
    rule({ operations: [{ setPriority: { value: 1 }, addCommunity: { value: '1:2' } }] }),
    'spec.importV4[0].operations[0]',
  ],
  [
    'a path is prepended at most ten times',
    rule({ operations: [{ prependASPath: { prefix: Array(10).fill(1) } }] }),
    rule({ operations: [{ prependASPath: { prefix: Array(11).fill(1) } }] }),
    'spec.importV4[0].operations[0].prependASPath.prefix',
  ],
  [
    'at most ten operations',
    rule({ operations: Array(10).fill({ setPriority: { value: 1 } }) }),
    rule({ operations: Array(11).fill({ setPriority: { value: 1 } }) }),
    'spec.importV4[0].operations',
  ],
  ['priorities have a range', rule({ priority: 1 }), rule({ priority: 0 }), 'spec.importV4[0].priority'],
]);
