/** Policies and tiers: names, tiers, staging, untracked and pre-DNAT policy. */
import test from 'ava';
import { kindOf } from '#appliance/resources/registry.ts';
import { type Change, testVerdicts, type Verdict } from './verdicts.ts';

function named(name: string, rest: Change = {}): Change {
  return { ...rest, metadata: { name } };
}

function spec(fields: Record<string, unknown>): Change {
  return { spec: fields };
}

const allow = [{ action: 'Allow' }];
const common: readonly Verdict[] = [
  [
    'types are not repeated',
    spec({ types: ['Egress', 'Ingress'] }),
    spec({ types: ['Egress', 'Egress'] }),
    'spec.types[1]',
  ],
  ['types are Ingress and Egress', spec({ types: ['Ingress'] }), spec({ types: ['ingress'] }), 'spec.types[0]'],
  ['selectors parse', spec({ selector: '!has(a)' }), spec({ selector: 'has(a' }), 'spec.selector'],
  ['selectors have no global()', spec({ selector: 'all()' }), spec({ selector: 'global()' }), 'spec.selector'],
  [
    'service account selectors have no global()',
    spec({ serviceAccountSelector: 'all()' }),
    spec({ serviceAccountSelector: 'global()' }),
    'spec.serviceAccountSelector',
  ],
  ['a tier is named like one', spec({ tier: 'ops' }), spec({ tier: 'Ops' }), 'spec.tier'],
  ['an order is a finite number', spec({ order: -1.5 }), spec({ order: Number.NaN }), 'spec.order'],
  [
    'hints are known and unique',
    spec({ performanceHints: ['AssumeNeededOnEveryNode'] }),
    spec({ performanceHints: ['Fast'] }),
    'spec.performanceHints[0]',
  ],
  ['a name has at most one dot', named('a.b'), named('a.b.c'), 'metadata.name'],
  ['a name has no capitals', named('a-1'), named('A-1'), 'metadata.name'],
];

const global: readonly Verdict[] = [
  [
    'namespace selectors have no global()',
    spec({ namespaceSelector: 'all()' }),
    spec({ namespaceSelector: 'global()' }),
    'spec.namespaceSelector',
  ],
  [
    'preDNAT excludes doNotTrack',
    spec({ preDNAT: true, applyOnForward: true }),
    spec({ preDNAT: true, doNotTrack: true, applyOnForward: true }),
    'spec.preDNAT',
  ],
  [
    'preDNAT has no egress rules',
    spec({ preDNAT: true, applyOnForward: true, ingress: allow }),
    spec({ preDNAT: true, applyOnForward: true, egress: allow }),
    'spec.egress',
  ],
  [
    'preDNAT has no egress type',
    spec({ preDNAT: true, applyOnForward: true, types: ['Ingress'] }),
    spec({ preDNAT: true, applyOnForward: true, types: ['Ingress', 'Egress'] }),
    'spec.types[1]',
  ],
  [
    'preDNAT needs applyOnForward',
    spec({ preDNAT: true, applyOnForward: true }),
    spec({ preDNAT: true }),
    'spec.applyOnForward',
  ],
  [
    'doNotTrack needs applyOnForward',
    spec({ doNotTrack: true, applyOnForward: true }),
    spec({ doNotTrack: true, applyOnForward: false }),
    'spec.applyOnForward',
  ],
  ['a global policy has no namespace', {}, { metadata: { namespace: 'prod' } }, 'metadata.namespace'],
  ['copied names are for namespaced policies', named('knp.default'), named('knp.default.x'), 'metadata.name'],
];

const namespaced: readonly Verdict[] = [
  ['a namespaced policy needs a namespace', {}, { metadata: { namespace: undefined } }, 'metadata.namespace'],
  ['copied policies keep their names', named('knp.default.a.b.c'), named('knp.other.a.b.c'), 'metadata.name'],
  ['global fields are unknown', {}, spec({ doNotTrack: true }), 'spec.doNotTrack'],
];

const staged: readonly Verdict[] = [
  [
    'stagedAction is one of four words',
    spec({ stagedAction: 'Learn' }),
    spec({ stagedAction: 'Drop' }),
    'spec.stagedAction',
  ],
  [
    'a staged deletion has nothing else',
    spec({ stagedAction: 'Delete', tier: 'ops', types: ['Egress'] }),
    spec({ stagedAction: 'Delete', selector: 'all()' }),
    'spec.selector',
  ],
];

testVerdicts(test, 'GlobalNetworkPolicy', [...common, ...global]);
testVerdicts(test, 'StagedGlobalNetworkPolicy', [...common, ...global, ...staged]);
testVerdicts(test, 'NetworkPolicy', [...common, ...namespaced]);
testVerdicts(test, 'StagedNetworkPolicy', [...common, ...namespaced, ...staged]);

const peers = (from: unknown) => spec({ ingress: [{ from: [from] }] });
const ports = (port: unknown) => spec({ ingress: [{ ports: [port] }] });

testVerdicts(test, 'StagedKubernetesNetworkPolicy', [
  [
    'stagedAction is one of four words',
    spec({ stagedAction: 'Set' }),
    spec({ stagedAction: 'set' }),
    'spec.stagedAction',
  ],
  [
    'a staged deletion has nothing else',
    spec({ stagedAction: 'Delete', podSelector: {} }),
    spec({ stagedAction: 'Delete', podSelector: { matchLabels: { a: 'b' } } }),
    'spec.podSelector',
  ],
  [
    'label selectors hold labels',
    spec({ podSelector: { matchLabels: { a: 'b' } } }),
    spec({ podSelector: { matchLabels: { a: 'b c' } } }),
    'spec.podSelector.matchLabels.a',
  ],
  [
    'operators are Kubernetes’',
    spec({ podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } }),
    spec({ podSelector: { matchExpressions: [{ key: 'a', operator: '==' }] } }),
    'spec.podSelector.matchExpressions[0].operator',
  ],
  ['a peer is something', peers({ podSelector: {} }), peers({}), 'spec.ingress[0].from[0]'],
  [
    'an ipBlock stands alone',
    peers({ ipBlock: { cidr: '10.0.0.0/8' } }),
    peers({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }),
    'spec.ingress[0].from[0].ipBlock',
  ],
  [
    'exceptions lie inside',
    peers({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }),
    peers({ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }),
    'spec.ingress[0].from[0].ipBlock.except[0]',
  ],
  [
    'endPort is not below port',
    ports({ port: 80, endPort: 90 }),
    ports({ port: 80, endPort: 79 }),
    'spec.ingress[0].ports[0].endPort',
  ],
  [
    'endPort needs a numeric port',
    ports({ port: 'http' }),
    ports({ port: 'http', endPort: 79 }),
    'spec.ingress[0].ports[0].endPort',
  ],
]);

testVerdicts(test, 'Tier', [
  ['a name is one label', named('ops-1'), named('ops.1'), 'metadata.name'],
  ['a name has at most 63 characters', named('x'.repeat(63)), named('x'.repeat(64)), 'metadata.name'],
  [
    'defaultAction is Deny or Pass',
    spec({ defaultAction: 'Deny' }),
    spec({ defaultAction: 'Allow' }),
    'spec.defaultAction',
  ],
  [
    'the default tier keeps its order',
    named('default', spec({ order: 1_000_000 })),
    named('default', spec({ order: 5 })),
    'spec.order',
  ],
  [
    'the default tier denies',
    named('default', spec({})),
    named('default', spec({ defaultAction: 'Pass' })),
    'spec.defaultAction',
  ],
  [
    'kube-admin keeps its order',
    named('kube-admin', spec({ order: 1000, defaultAction: 'Pass' })),
    named('kube-admin', spec({ defaultAction: 'Pass' })),
    'spec.order',
  ],
  [
    'kube-baseline passes',
    named('kube-baseline', spec({ order: 10_000_000, defaultAction: 'Pass' })),
    named('kube-baseline', spec({ order: 10_000_000 })),
    'spec.defaultAction',
  ],
]);

test('every tiered kind is covered', (t) => {
  for (const kind of ['GlobalNetworkPolicy', 'NetworkPolicy', 'StagedGlobalNetworkPolicy', 'StagedNetworkPolicy']) {
    t.true('tier' in kindOf(kind)!.spec.properties);
  }
});
