/** Cells of calicoctl's tables, byte by byte. */
import test from 'ava';
import { goFloat } from '#appliance/resources/columns.ts';
import type { Column } from '#appliance/resources/define.ts';
import { kindOf, kinds } from '#appliance/resources/registry.ts';
import type { Resource } from '#appliance/resources/resource.ts';

function cell(kind: string, heading: string, spec: Record<string, unknown>, defaultAsNumber?: number): string {
  const { columns, example } = kindOf(kind)!;
  const all: readonly Column[] = [...columns.ps, ...columns.wide, ...(columns.extra ?? [])];
  const column = all.find((candidate) => candidate.heading === heading)!;
  return column.cell({ ...example, spec }, { defaultAsNumber });
}

const headings: readonly (readonly [kind: string, ps: string, wide: string])[] = [
  ['BGPConfiguration', 'NAME LOGSEVERITY MESHENABLED ASNUMBER', 'NAME LOGSEVERITY MESHENABLED ASNUMBER'],
  [
    'BGPFilter',
    'NAME NUMEXPORTV4 NUMIMPORTV4 NUMEXPORTV6 NUMIMPORTV6',
    'NAME NUMEXPORTV4 NUMIMPORTV4 NUMEXPORTV6 NUMIMPORTV6',
  ],
  ['BGPPeer', 'NAME PEERIP NODE ASN', 'NAME PEERIP NODE ASN'],
  ['CalicoNodeStatus', 'NAME NODE', 'NAME NODE CLASSES'],
  [
    'ClusterInformation',
    'NAME CLUSTERGUID CLUSTERTYPE CALICOVERSION DATASTOREREADY',
    'NAME CLUSTERGUID CLUSTERTYPE CALICOVERSION DATASTOREREADY',
  ],
  ['FelixConfiguration', 'NAME', 'NAME'],
  ['GlobalNetworkPolicy', 'NAME TIER', 'NAME TIER ORDER SELECTOR'],
  ['GlobalNetworkSet', 'NAME', 'NAME NETS'],
  ['HostEndpoint', 'NAME NODE', 'NAME NODE INTERFACE IPS PROFILES'],
  [
    'IPAMConfiguration',
    'NAME STRICTAFFINITY AUTOALLOCATEBLOCKS',
    'NAME STRICTAFFINITY AUTOALLOCATEBLOCKS MAXBLOCKSPERHOST',
  ],
  [
    'IPPool',
    'NAME CIDR SELECTOR',
    'NAME CIDR NAT IPIPMODE VXLANMODE DISABLED DISABLEBGPEXPORT SELECTOR ASSIGNMENTMODE',
  ],
  ['IPReservation', 'NAME', 'NAME CIDRS'],
  ['KubeControllersConfiguration', 'NAME', 'NAME'],
  ['NetworkPolicy', 'NAME TIER', 'NAME TIER ORDER SELECTOR'],
  ['NetworkSet', 'NAME', 'NAME NETS'],
  ['Node', 'NAME', 'NAME ASN IPV4 IPV6'],
  ['Profile', 'NAME', 'NAME LABELS'],
  ['StagedGlobalNetworkPolicy', 'NAME TIER', 'NAME TIER ORDER SELECTOR'],
  ['StagedKubernetesNetworkPolicy', 'NAME', 'NAME PODSELECTOR'],
  ['StagedNetworkPolicy', 'NAME TIER', 'NAME TIER ORDER SELECTOR'],
  ['Tier', 'NAME ORDER', 'NAME ORDER'],
  ['WorkloadEndpoint', 'WORKLOAD NODE NETWORKS INTERFACE', 'NAME WORKLOAD NODE NETWORKS INTERFACE PROFILES NATS'],
];

for (const [kind, ps, wide] of headings) {
  test(`columns of ${kind} are calicoctl's`, (t) => {
    const { columns } = kindOf(kind)!;
    t.is(columns.ps.map((column) => column.heading).join(' '), ps);
    t.is(columns.wide.map((column) => column.heading).join(' '), wide);
  });
}

test('every cell of every kind is a text without newlines, also of an empty spec', (t) => {
  for (const kind of kinds) {
    for (const column of [...kind.columns.ps, ...kind.columns.wide, ...(kind.columns.extra ?? [])]) {
      for (const resource of [kind.example, blank(kind.example)])
        t.regex(column.cell(resource, {}), /^[^\n]*$/, column.heading);
    }
    for (const column of kind.tableColumns) {
      t.notThrows(() => column.cell(blank(kind.example)), `${kind.kind} ${column.name}`);
    }
  }
});

const cells: readonly (readonly [kind: string, heading: string, spec: Record<string, unknown>, text: string])[] = [
  ['GlobalNetworkPolicy', 'ORDER', {}, '<nil>'],
  ['GlobalNetworkPolicy', 'ORDER', { order: 10.5 }, '10.5'],
  ['Tier', 'ORDER', { order: 1_000_000 }, '1e+06'],
  ['IPPool', 'IPIPMODE', {}, 'Never'],
  ['IPPool', 'NAT', {}, 'false'],
  ['IPPool', 'NAT', { natOutgoing: true }, 'true'],
  ['BGPConfiguration', 'MESHENABLED', {}, '-'],
  ['BGPConfiguration', 'MESHENABLED', { nodeToNodeMeshEnabled: false }, 'false'],
  ['BGPConfiguration', 'ASNUMBER', {}, '-'],
  ['BGPPeer', 'NODE', {}, '(global)'],
  ['BGPPeer', 'NODE', { nodeSelector: 'all()' }, 'all()'],
  ['BGPPeer', 'NODE', { node: 'a' }, 'a'],
  ['BGPPeer', 'ASN', {}, '0'],
  ['ClusterInformation', 'DATASTOREREADY', {}, '<nil>'],
  ['GlobalNetworkSet', 'NETS', { nets: ['10.0.0.0/8', '192.0.2.1'] }, '10.0.0.0/8,192.0.2.1'],
  ['Profile', 'LABELS', { labelsToApply: { b: '1', a: '2', 'a-b': '3' } }, 'a-b=3,a=2,b=1'],
  ['StagedKubernetesNetworkPolicy', 'PODSELECTOR', { podSelector: { matchLabels: { app: 'db' } } }, '{map[app:db] []}'],
  [
    'StagedKubernetesNetworkPolicy',
    'PODSELECTOR',
    { podSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }] } },
    '{map[] [{a In [x y]}]}',
  ],
  ['WorkloadEndpoint', 'WORKLOAD', { pod: 'p' }, 'p'],
  ['WorkloadEndpoint', 'WORKLOAD', { pod: 'p', workload: 'w' }, 'w'],
  [
    'WorkloadEndpoint',
    'NATS',
    { ipNATs: [{ internalIP: '10.0.0.1', externalIP: '192.0.2.1' }] },
    '{10.0.0.1 192.0.2.1}',
  ],
  ['BGPFilter', 'NUMEXPORTV4', { exportV4: [{ action: 'Accept' }] }, '1'],
  ['BGPFilter', 'NUMIMPORTV6', {}, '0'],
];

for (const [kind, heading, spec, text] of cells) {
  test(`${kind} ${heading} of ${JSON.stringify(spec)} prints ${text}`, (t) => {
    t.is(cell(kind, heading, spec), text);
  });
}

test('long lists are cut at 80 characters', (t) => {
  const nets = Array.from({ length: 30 }, (_, i) => `10.0.${i}.0/24`);
  const text = cell('NetworkSet', 'NETS', { nets });
  t.is(text.length, 80);
  t.true(text.endsWith('...'));
});

test('the AS number of a node is its own, the given default, or the default of all', (t) => {
  t.is(cell('Node', 'ASN', {}), '');
  t.is(cell('Node', 'ASN', { bgp: { asNumber: 7 } }), '7');
  t.is(cell('Node', 'ASN', { bgp: { ipv4Address: '10.0.0.1' } }), '(64512)');
  t.is(cell('Node', 'ASN', { bgp: { ipv4Address: '10.0.0.1' } }, 65_000), '(65000)');
});

test('goFloat() prints as Go does', (t) => {
  for (const [value, text] of [
    [0, '0'],
    [200, '200'],
    [999_999, '999999'],
    [1_234_567, '1.234567e+06'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-1e100, '-1e+100'],
  ] as const) {
    t.is(goFloat(value), text);
  }
});

function blank(resource: Resource): Resource {
  return { ...resource, spec: resource.kind === 'StagedKubernetesNetworkPolicy' ? { podSelector: {} } : {} };
}
