/** What is filled in before storing, and the one form of every scalar. */
import test from 'ava';
import {
  createBuiltInTiers,
  createClusterInformation,
  createDefaultAllowProfile,
} from '#appliance/resources/builtin.ts';
import { decodeResource } from '#appliance/resources/decode.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { type Change, manifestOf } from './rules/verdicts.ts';

function decode(kind: string, change: Change): Resource {
  const result = decodeResource(manifestOf(kind, change), change.operation ?? 'create');
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

const allow = [{ action: 'Allow' }];
const types: readonly (readonly [string, Record<string, unknown>, string[] | undefined])[] = [
  ['no rules', {}, ['Ingress']],
  ['ingress rules', { ingress: allow }, ['Ingress']],
  ['egress rules', { egress: allow }, ['Egress']],
  ['both', { ingress: allow, egress: allow }, ['Ingress', 'Egress']],
  ['egress rules beside an empty list', { ingress: [], egress: allow }, ['Egress']],
  ['types given', { types: ['Egress'], ingress: allow }, ['Egress']],
  ['an empty list of types', { types: [], egress: allow }, ['Egress']],
];

for (const [what, spec, expected] of types) {
  test(`types are inferred for a policy with ${what}`, (t) => {
    t.deepEqual(decode('GlobalNetworkPolicy', { spec }).spec.types, expected);
  });
}

test('a policy gets its tier and the label of it', (t) => {
  const policy = decode('NetworkPolicy', { spec: {}, metadata: { labels: { a: 'b' } } });
  t.is(policy.spec.tier, 'default');
  t.deepEqual(policy.metadata.labels, { a: 'b', 'projectcalico.org/tier': 'default' });
  const moved = decode('NetworkPolicy', {
    spec: { tier: 'ops' },
    metadata: { labels: { 'projectcalico.org/tier': 'x' } },
  });
  t.deepEqual(moved.metadata.labels, { 'projectcalico.org/tier': 'ops' });
});

test('a staged deletion has no types', (t) => {
  t.deepEqual(decode('StagedNetworkPolicy', { spec: { stagedAction: 'Delete', types: ['Ingress'] } }).spec, {
    stagedAction: 'Delete',
    tier: 'default',
  });
  t.is(decode('StagedNetworkPolicy', { spec: {} }).spec.stagedAction, 'Set');
  t.is(decode('StagedKubernetesNetworkPolicy', { spec: {} }).spec.stagedAction, 'Set');
});

test('a tier has order and default action', (t) => {
  t.deepEqual(decode('Tier', { spec: {} }).spec, { order: 1_000_000, defaultAction: 'Deny' });
  t.deepEqual(decode('Tier', { spec: { order: 0, defaultAction: 'Pass' } }).spec, { order: 0, defaultAction: 'Pass' });
});

test('a pool is completed and its range made canonical', (t) => {
  t.deepEqual(decode('IPPool', { spec: { cidr: 'FD00:0077:0::/64' } }).spec, {
    cidr: 'fd00:77::/64',
    vxlanMode: 'Never',
    ipipMode: 'Never',
    blockSize: 122,
    nodeSelector: 'all()',
    allowedUses: ['Workload', 'Tunnel'],
    assignmentMode: 'Automatic',
  });
  t.is(decode('IPPool', { spec: { cidr: '10.0.0.0/8', blockSize: 0 } }).spec.blockSize, 26);
});

test('FelixConfiguration gets the handful upstream stores', (t) => {
  t.deepEqual(decode('FelixConfiguration', { spec: {} }).spec, {
    nftablesMode: 'Auto',
    nftablesFlowTableOffload: 'Disabled',
    bpfLogLevel: '',
    bpfConnectTimeLoadBalancing: 'TCP',
    bpfHostNetworkedNATWithoutCTLB: 'Enabled',
    floatingIPs: 'Disabled',
  });
});

test('the older switch of connect-time load balancing decides the newer ones', (t) => {
  for (const [isOn, mode] of [
    [true, 'Enabled'],
    [false, 'Disabled'],
  ] as const) {
    t.like(decode('FelixConfiguration', { spec: { bpfConnectTimeLoadBalancingEnabled: isOn } }).spec, {
      bpfConnectTimeLoadBalancing: mode,
      bpfHostNetworkedNATWithoutCTLB: 'Disabled',
    });
  }
});

test('IPAMConfiguration allocates blocks unless told not to', (t) => {
  t.deepEqual(decode('IPAMConfiguration', { spec: {} }).spec, { strictAffinity: false, autoAllocateBlocks: true });
  t.is(decode('IPAMConfiguration', { spec: { autoAllocateBlocks: false } }).spec.autoAllocateBlocks, false);
});

test('KubeControllersConfiguration fills only what is there', (t) => {
  t.deepEqual(decode('KubeControllersConfiguration', { spec: {} }).spec, {
    healthChecks: 'Enabled',
    prometheusMetricsPort: 9094,
    controllers: {},
  });
  const { controllers } = decode('KubeControllersConfiguration', {
    spec: {
      controllers: {
        node: { hostEndpoint: { templates: [{ generateName: 'a', interfacePattern: 'e' }] } },
        loadBalancer: {},
        migration: {},
      },
    },
  }).spec as { controllers: Record<string, unknown> };
  t.deepEqual(controllers, {
    node: {
      leakGracePeriod: '15m0s',
      hostEndpoint: { templates: [{ generateName: 'a', interfacePattern: 'e' }] },
    },
    loadBalancer: { assignIPs: 'AllServices' },
    migration: { policyNameMigrator: 'Enabled' },
  });
});

test('BGPConfiguration logs Info and aggregates', (t) => {
  t.deepEqual(decode('BGPConfiguration', { spec: {} }).spec, {
    logSeverityScreen: 'Info',
    serviceLoadBalancerAggregation: 'Enabled',
  });
});

test('a workload endpoint is labelled with its namespace and orchestrator', (t) => {
  t.deepEqual(decode('WorkloadEndpoint', {}).metadata.labels, {
    app: 'db',
    'projectcalico.org/namespace': 'prod',
    'projectcalico.org/orchestrator': 'cni',
  });
});

test('scalars come out in one form', (t) => {
  const rule = {
    action: 'Allow',
    protocol: '6',
    destination: { ports: ['80', '8000:8010', '5:5', 'http', 443] },
  };
  const { ingress } = decode('GlobalNetworkPolicy', { spec: { ingress: [rule] } }).spec as { ingress: unknown[] };
  t.deepEqual(ingress, [{ action: 'Allow', protocol: 6, destination: { ports: [80, '8000:8010', 5, 'http', 443] } }]);
  t.is(decode('BGPConfiguration', { spec: { asNumber: '1.10' } }).spec.asNumber, 65_546);
  t.is(
    decode('BGPPeer', { spec: { peerIP: '10.9.0.1', asNumber: '64512', keepaliveTime: '90s' } }).spec.keepaliveTime,
    '1m30s',
  );
});

test('zero values that Go leaves out are left out', (t) => {
  t.deepEqual(decode('IPReservation', { spec: { reservedCIDRs: [] } }).spec, {});
  t.false('natOutgoing' in decode('IPPool', { spec: { cidr: '10.0.0.0/8', natOutgoing: false } }).spec);
  t.is(decode('BGPConfiguration', { spec: { nodeToNodeMeshEnabled: false } }).spec.nodeToNodeMeshEnabled, false);
  t.is(decode('GlobalNetworkPolicy', { spec: { order: 0 } }).spec.order, 0);
});

test('a status that is always stored is always there', (t) => {
  t.deepEqual(decode('Node', {}).status, {});
  t.is(decode('IPPool', {}).status, undefined);
  t.like(decode('CalicoNodeStatus', {}).status, { lastUpdated: null, routes: {} });
});

test('built-in objects are what decoding would make of them', (t) => {
  const guid = '5f0e7a9b3c1d4e2f8a6b7c9d0e1f2a3b';
  for (const resource of [
    ...createBuiltInTiers(),
    createClusterInformation({ clusterGuid: guid }),
    createDefaultAllowProfile(),
  ]) {
    const result = decodeResource(resource, 'create');
    t.deepEqual(result.ok ? result.value : result.problems, resource);
  }
});
