import test from 'ava';
import type { HostEndpoint } from '#appliance/felix/model/endpoint.ts';
import type { Rule } from '#appliance/felix/model/policy.ts';
import { listChain } from '#appliance/felix/render/chain-spec.ts';
import { renderListChain, renderTierChain } from '#appliance/felix/render/endpoint-chain.ts';
import { resolveHostEndpoints } from '#appliance/felix/render/host-resolution.ts';
import { allotMarks } from '#appliance/felix/render/marks.ts';
import { nameOf, policyChainName } from '#appliance/felix/render/names.ts';
import { printLogPrefix } from '#appliance/felix/render/packet-log.ts';
import type { RenderContext } from '#appliance/felix/render/policy.ts';
import { renderPolicy } from '#appliance/felix/render/policy.ts';
import { renderRuleMatch, type SetFacts } from '#appliance/felix/render/rule-match.ts';
import { setNumber } from '#appliance/felix/render/set-layout.ts';
import { policyId, rule, sampleConfig, samplePolicy, tier } from '../dataplane/sample.ts';

const context: RenderContext = {
  config: sampleConfig,
  marks: allotMarks(0xffff0000),
  factsOf: (id) => ({ number: setNumber(id), ...wideFacts[id] }),
};
const wideFacts: Readonly<Record<string, Partial<SetFacts>>> = {
  wide: { nets4: 'nets4-00' },
  huge: { nets4: 'nets4-00', lengths4: [16, 24], lengths6: [64] },
};
const alternatives = (match: Partial<Rule>) =>
  renderRuleMatch(rule('allow', match), context.factsOf).alternatives.length;

test('`allotMarks()` takes the three lowest bits of the mask, and the default mask when there are fewer', (t) => {
  t.deepEqual(allotMarks(0xff00), {
    accept: 0x100,
    pass: 0x200,
    defer: 0x400,
    all: 0x700,
    suspect: 0x8000,
    wireguard: 0x800,
  });
  t.is(allotMarks(0x3).accept, 0x10000);
});

test('`nameOf()` keeps readable names and hashes the others', (t) => {
  t.is(policyChainName(policyId('web'), 'ingress'), 'pi-gnp/web');
  t.regex(nameOf('ü'), /^_[\w-]{32}$/);
  t.regex(nameOf('a'.repeat(181)), /^_/);
  t.regex(nameOf('_x'), /^_[\w-]{32}$/);
});

const matches: readonly (readonly [string, Partial<Rule>, number])[] = [
  ['nothing in particular', {}, 1],
  ['a port, once for both families', { protocol: 6, dst: { ports: [{ first: 80, last: 80 }] } }, 1],
  ['a set without CIDRs, once a family', { src: { sets: ['narrow'] } }, 2],
  ['a set with IPv4 CIDRs, once more', { src: { sets: ['wide'] } }, 3],
  ['a set with very many CIDRs of three lengths, once more for each', { src: { sets: ['huge'] } }, 6],
  ['outside a set with very many CIDRs', { src: { notSets: ['huge'] } }, 2],
  ['outside a set with CIDRs', { src: { notSets: ['wide'] } }, 2],
  [
    'numeric or named ports',
    { protocol: 6, ipVersion: 4, dst: { ports: [{ first: 1, last: 2 }], namedPortSets: ['n'] } },
    2,
  ],
  ['nets of one family', { src: { nets: ['10.0.0.0/8'] } }, 1],
  ['IPv4 source and IPv6 destination', { src: { nets: ['10.0.0.0/8'] }, dst: { nets: ['fd00::/8'] } }, 0],
  ['all but IPv6 nets', { src: { notNets: ['fd00::/8'] } }, 1],
  ['not in everything', { src: { notNets: ['0.0.0.0/0'] } }, 0],
  ['ICMP, in IPv4 only', { protocol: 1 }, 1],
  ['ICMPv6 with version 4', { protocol: 58, ipVersion: 4 }, 0],
  [
    'overlapping port ranges as one',
    {
      protocol: 6,
      dst: {
        ports: [
          { first: 1, last: 5 },
          { first: 4, last: 9 },
        ],
      },
    },
    1,
  ],
];
for (const [what, match, count] of matches) {
  test(`\`renderRuleMatch()\` writes ${what} as ${count} rules`, (t) => t.is(alternatives(match), count));
}

test('`renderRuleMatch()` makes alternatives exclude each other in a rule that goes on, and in no other', (t) => {
  const lookups = (action: Rule['action']) =>
    renderRuleMatch(rule(action, { ipVersion: 4, src: { sets: ['huge'] } }), context.factsOf).alternatives.map(
      (expressions) => expressions.filter(({ type }) => type === 'lookup').length,
    );
  t.deepEqual(lookups('log'), [1, 2, 3, 4]);
  for (const action of ['allow', 'deny', 'pass'] as const) t.deepEqual(lookups(action), [1, 1, 1, 1]);
});

test('`renderPolicy()` denies when the policy is not known', (t) => {
  const { rules } = renderPolicy(policyId('x'), undefined, { direction: 'ingress', isDropOnly: false }, context);
  t.deepEqual(
    rules.map(({ expressions }) => expressions),
    [[{ type: 'verdict', verdict: { code: 'drop' } }]],
  );
});

test('a staged policy has no verdict but return', (t) => {
  const staged = samplePolicy({ isStaged: true, inbound: [rule('allow'), rule('deny'), rule('log')] });
  const { rules } = renderPolicy(policyId('x'), staged, { direction: 'ingress', isDropOnly: false }, context);
  t.deepEqual(
    rules.map(({ expressions }) => expressions.at(-1)?.type),
    ['verdict', 'verdict', 'counter-ref'],
  );
  t.true(rules.slice(0, 2).every(({ expressions }) => JSON.stringify(expressions.at(-1)).includes('return')));
});

test('the end of a tier drops only when a policy of it is enforced and the tier denies', (t) => {
  const ends = (isStaged: boolean, defaultAction: 'Deny' | 'Pass') => {
    const list = listChain('workload-ingress', [{ ...tier(['a']), defaultAction }], [], { doesReject: false });
    const { rules } = renderTierChain(list.tiers[0]!, () => samplePolicy({ isStaged }), context);
    return rules.some(({ label }) => label.startsWith('end of tier'));
  };
  t.deepEqual([ends(false, 'Deny'), ends(true, 'Deny'), ends(false, 'Pass')], [true, false, false]);
});

test('an endpoint that is down drops everything, known flows too', (t) => {
  const list = listChain('workload-ingress', [tier(['a'])], ['p'], { doesReject: false, isAdminDown: true });
  t.deepEqual(
    renderListChain(list, context).rules.map(({ label }) => label),
    ['endpoint is down'],
  );
});

test('forward lists have neither failsafes nor profiles nor a last drop', (t) => {
  const list = listChain('forward-ingress', [], ['p'], { doesReject: false });
  t.deepEqual(
    renderListChain(list, context).rules.map(({ label }) => label),
    ['known flow', 'invalid packet'],
  );
});

test('`printLogPrefix()` fills in its words and is cut to what the kernel takes', (t) => {
  const owner = { tier: 'default', kind: 'NetworkPolicy', namespace: 'prod', name: 'web' };
  t.is(printLogPrefix('x %t %k %n %p', owner), 'x default NetworkPolicy web prod/web: ');
  t.is(printLogPrefix('y'.repeat(300), owner).length, 127);
});

test('`resolveHostEndpoints()` takes the first by name, by address only when no name is given, and never workload links', (t) => {
  const host = (interfaceName: string, ...expectedIps: readonly string[]) =>
    ({ interfaceName, expectedIps }) as unknown as HostEndpoint;
  const endpoints = new Map([
    ['b', host('eth0')],
    ['a', host('eth0')],
    ['c', host('', '192.0.2.1')],
    ['d', host('eth9', '192.0.2.1')],
    ['e', host('*')],
    ['f', host('cali1')],
  ]);
  const interfaces = [
    { name: 'eth0', addresses: [] },
    { name: 'eth1', addresses: ['192.0.2.1'] },
    { name: 'kube-ipvs0', addresses: ['192.0.2.1'] },
    { name: 'cali1', addresses: ['192.0.2.1'] },
  ];
  const options = { interfacePrefixes: ['cali'], interfaceExclude: ['/^kube-/'] };
  t.deepEqual([...resolveHostEndpoints(endpoints, interfaces, options)].sort(), [
    ['*', 'e'],
    ['eth0', 'a'],
    ['eth1', 'c'],
    ['eth9', 'd'],
  ]);
});
