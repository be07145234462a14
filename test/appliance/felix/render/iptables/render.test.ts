/** Rules for iptables as text: what a match becomes, how chains are asked, how interfaces are told apart, how words are quoted. */
import test from 'ava';
import type { FelixConfig } from '#appliance/felix/model/config.ts';
import type { HostEndpoint } from '#appliance/felix/model/endpoint.ts';
import type { Rule, TierPolicies } from '#appliance/felix/model/policy.ts';
import { listChain } from '#appliance/felix/render/chain-spec.ts';
import { hostDscps } from '#appliance/felix/render/dscp.ts';
import { renderHooks } from '#appliance/felix/render/iptables/base.ts';
import type { IptablesContext } from '#appliance/felix/render/iptables/context.ts';
import { renderDispatch } from '#appliance/felix/render/iptables/dispatch.ts';
import { renderEndpointChain } from '#appliance/felix/render/iptables/endpoint.ts';
import { renderFailsafes } from '#appliance/felix/render/iptables/failsafe.ts';
import { renderDscp } from '#appliance/felix/render/iptables/limits.ts';
import { chainName, policyChain, setName } from '#appliance/felix/render/iptables/names.ts';
import { renderNatOutgoing } from '#appliance/felix/render/iptables/nat-outgoing.ts';
import { renderPolicy } from '#appliance/felix/render/iptables/policy.ts';
import { hashPattern, printChain } from '#appliance/felix/render/iptables/print-chain.ts';
import { type IptablesChain, plainChain } from '#appliance/felix/render/iptables/rule.ts';
import { renderRuleMatch } from '#appliance/felix/render/iptables/rule-match.ts';
import { renderTunnelRules } from '#appliance/felix/render/iptables/tunnel-rules.ts';
import { allotMarks } from '#appliance/felix/render/marks.ts';
import { policyId, rule, sampleConfig, samplePolicy, tier } from '../../dataplane/sample.ts';

function context(family: 4 | 6 = 4, changes: Partial<FelixConfig> = {}): IptablesContext {
  return {
    config: { ...sampleConfig, areLiveFlowsReevaluated: false, ...changes },
    marks: allotMarks(sampleConfig.iptablesMarkMask),
    family,
  };
}

function matches(match: Partial<Rule>, family: 4 | 6 = 4, action: Rule['action'] = 'allow'): string[] {
  return renderRuleMatch(rule(action, match), family).alternatives.map((words) => words.join(' '));
}

/** Without comments. */
function lines(chain: IptablesChain): string[] {
  return chain.rules.map(({ match, target }) => [...match, ...target].join(' '));
}

const port = (first: number, last = first) => ({ first, last });

test('protocols, ICMP and their negations', (t) => {
  t.deepEqual(matches({}), ['']);
  t.deepEqual(matches({ protocol: 6 }), ['-p 6']);
  t.deepEqual(matches({ notProtocol: 6 }), ['! -p 6']);
  t.deepEqual(matches({ protocol: 6, notProtocol: 6 }), []);
  t.deepEqual(matches({ icmp: { type: 8, code: 0 } }), ['-p 1 -m icmp --icmp-type 8/0']);
  t.deepEqual(matches({ notIcmp: { type: 128 } }, 6), ['-p 58 -m icmp6 ! --icmpv6-type 128']);
  t.deepEqual(matches({ protocol: 1 }, 6), [], 'ICMP is of IPv4');
  t.deepEqual(matches({ ipVersion: 6 }, 4), []);
});

test('ports go into multiport by fifteen, a range for two; named ports are alternatives', (t) => {
  const dst = (ports: ReturnType<typeof port>[], names: string[] = []) => ({
    protocol: 6,
    dst: { ports, namedPortSets: names },
  });
  t.deepEqual(matches(dst([port(80), port(443), port(8000, 8100)])), ['-p 6 -m multiport --dports 80,443,8000:8100']);
  t.deepEqual(matches(dst([port(80, 90), port(85, 100), port(101)])), ['-p 6 -m tcp --dport 80:101']);
  const many = Array.from({ length: 17 }, (_, i) => port(i * 10 + 1));
  t.is(matches(dst(many)).length, 2);
  t.is(matches({ protocol: 6, dst: { notPorts: many } }).length, 1, 'negated ones must all hold');
  t.deepEqual(matches(dst([port(80)], ['n:http'])), [
    '-p 6 -m tcp --dport 80',
    '-p 6 -m set --match-set cali40n:http dst,dst',
  ]);
  t.deepEqual(
    matches(dst([port(80)], ['n:http']), 4, 'log'),
    ['-p 6 -m tcp --dport 80', '-p 6 -m tcp ! --dport 80 -m set --match-set cali40n:http dst,dst'],
    'a packet is logged once',
  );
  t.deepEqual(
    matches({ dst: { ports: [port(53)] } }).map((text) => text.slice(0, 6).trim()),
    ['-p 6 -', '-p 17', '-p 33', '-p 132', '-p 136'],
  );
});

test('nets: one stands in the rule, several are a set; a family without any has no rule', (t) => {
  t.deepEqual(matches({ src: { nets: ['10.0.0.0/8'] } }), ['-s 10.0.0.0/8']);
  t.deepEqual(matches({ src: { nets: ['10.0.0.0/8'] } }, 6), []);
  t.deepEqual(matches({ src: { notNets: ['fd00::/8'] } }, 4), [], 'also a negated one');
  t.deepEqual(matches({ dst: { nets: ['0.0.0.0/0', '10.0.0.0/8'] } }), ['']);
  t.deepEqual(matches({ dst: { notNets: ['0.0.0.0/0'] } }), [], 'nothing is outside of everything');
  const { alternatives, lists, setIds } = renderRuleMatch(
    rule('deny', { src: { nets: ['11.0.0.0/8', '10.0.0.0/8'], notNets: ['10.1.0.0/16'] } }),
    4,
  );
  t.is(alternatives.length, 1);
  t.deepEqual(
    lists.map(({ nets }) => nets),
    [['10.0.0.0/8', '11.0.0.0/8'], ['10.1.0.0/16']],
  );
  t.deepEqual(
    setIds,
    lists.map(({ id }) => id),
  );
  t.is(
    alternatives[0]?.join(' '),
    `-m set --match-set cali40${setIds[0]} src -m set ! --match-set cali40${setIds[1]} src`,
  );
});

test('sets of both sides, services and negations all must hold', (t) => {
  t.deepEqual(matches({ src: { sets: ['s:a'], notSets: ['s:b'] }, dst: { serviceSets: ['svc'] } }, 6), [
    '-m set --match-set cali60s:a src -m set ! --match-set cali60s:b src -m set --match-set cali60svc dst,dst',
  ]);
});

test('an allow sets the mark and leaves; a deny answers in filter only; a log is limited and cut', (t) => {
  const policy = samplePolicy({ inbound: [rule('allow'), rule('deny'), rule('pass'), rule('log')] });
  const render = (table: 'raw' | 'filter') =>
    lines(
      renderPolicy(
        policyId('p'),
        policy,
        'ingress',
        { table },
        context(4, {
          iptablesFilterDenyAction: 'Reject',
          logPrefix: 'a-prefix-of-very-many-characters',
          logActionRateLimit: '10/second',
        }),
      ),
    );
  t.deepEqual(render('filter'), [
    '-g cali-allow',
    '-j REJECT --reject-with icmp-admin-prohibited',
    '-g cali-pass',
    '-m limit --limit 10/second --limit-burst 5 -j LOG --log-prefix a-prefix-of-very-many-chara:  --log-level 5',
  ]);
  t.is(render('raw')[1], '-j DROP');
});

test('what is missing or refused denies', (t) => {
  const use = { table: 'filter', refused: new Set([0, 1]) } as const;
  const policy = samplePolicy({ inbound: [rule('allow'), rule('deny', { protocol: 6 }), rule('allow')] });
  t.deepEqual(lines(renderPolicy(policyId('p'), undefined, 'ingress', { table: 'filter' }, context())), ['-j DROP']);
  t.deepEqual(lines(renderPolicy(policyId('p'), policy, 'ingress', use, context())), ['-j DROP', '-g cali-allow']);
});

test('an endpoint asks its tiers in order, then its profiles, and drops the rest', (t) => {
  const tiers: TierPolicies[] = [{ ...tier(['a', 'staged'], [], 'first'), defaultAction: 'Pass' }, tier(['b', 'c'])];
  const policyOf = (id: { name: string }) => samplePolicy({ isStaged: id.name === 'staged' });
  const list = listChain('workload-ingress', tiers, ['prof'], { doesReject: false });
  t.deepEqual(lines(renderEndpointChain(list, { table: 'filter', policyOf }, context())), [
    '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-m conntrack --ctstate INVALID -j DROP',
    '-j MARK --set-xmark 0x0/0x30000',
    '-j MARK --set-xmark 0x0/0x20000',
    '-j cali-pi-gnp/a',
    '-m mark --mark 0x0/0x30000 -j cali-pi-gnp/staged',
    '-m mark --mark 0x10000/0x10000 -j RETURN',
    '-j MARK --set-xmark 0x0/0x20000',
    '-j cali-pi-gnp/b',
    '-m mark --mark 0x0/0x30000 -j cali-pi-gnp/c',
    '-m mark --mark 0x10000/0x10000 -j RETURN',
    '-m mark --mark 0x0/0x20000 -j DROP',
    '-j cali-pri-prof',
    '-m mark --mark 0x10000/0x10000 -j RETURN',
    '-j DROP',
  ]);
});

test('a staged policy counts what its rules would decide, in order, and decides nothing', (t) => {
  const inbound = [rule('log'), rule('allow', { protocol: 6 }), rule('pass'), rule('deny')];
  const policy = samplePolicy({ inbound, isStaged: true });
  const use = { table: 'filter', refused: new Set([3]) } as const;
  const { rules } = renderPolicy(policyId('p'), policy, 'ingress', use, context());
  t.deepEqual(lines({ rules, setIds: [], lists: [] }), ['', '-p 6 -j RETURN', '-j RETURN']);
  t.deepEqual(
    rules.map(({ policyRuleIndex }) => policyRuleIndex),
    [0, 1, 2],
  );
  const list = listChain('host-ingress', [tier(['staged'])], [], { doesReject: false });
  const chain = renderEndpointChain(list, { table: 'filter', policyOf: () => policy }, context());
  t.false(lines(chain).includes('-m mark --mark 0x0/0x20000 -j DROP'), 'a tier of staged policies drops nothing');
});

test('answers to hosts that spoke without encryption are marked while hosts encrypt, and nothing is before', (t) => {
  const inputs = { isVxlan: false, isIpip: false, wireguardPorts: [51820], ends: [], encrypted: ['wireguard.cali'] };
  const render = (encrypted: string[], marks = context().marks) =>
    renderTunnelRules({ ...inputs, encrypted }, { ...context(), marks });
  const { plainMarked, plainNoted, reroute } = render(['wireguard.cali']);
  const text = (rules: IptablesChain['rules']) => lines({ rules, setIds: [], lists: [] });
  const bit = '0x80000/0x80000';
  t.deepEqual(text(plainMarked), ['-i lo -j RETURN', '-i wireguard.cali -j RETURN', `-j MARK --set-xmark ${bit}`]);
  t.deepEqual(text(plainNoted), [
    `-m mark --mark ${bit} -j CONNMARK --set-xmark ${bit}`,
    `-i wireguard.cali -m connmark --mark ${bit} -j CONNMARK --set-xmark 0x0/0x80000`,
  ]);
  t.deepEqual(text(reroute), [`-m conntrack --ctdir REPLY -m connmark --mark ${bit} -j MARK --set-xmark ${bit}`]);
  const hooked = (encrypted: string[]) => renderHooks('mangle', { ...inputs, encrypted }, context());
  t.true(hooked(['wireguard.cali']).some(({ chain }) => chain === 'OUTPUT'));
  t.false(hooked([]).some(({ chain }) => chain === 'OUTPUT'));
  for (const none of [render([]), render(['wireguard.cali'], allotMarks(0x7)), render(['no+'])]) {
    t.deepEqual([...none.plainMarked, ...none.plainNoted, ...none.reroute], []);
  }
});

test('flows that were judged again and found denied are no known flows', (t) => {
  const list = listChain('host-ingress', [], [], { doesReject: false });
  const use = { table: 'filter', policyOf: () => undefined } as const;
  t.is(
    lines(renderEndpointChain(list, use, context(4, { areLiveFlowsReevaluated: true })))[0],
    '-m conntrack --ctstate RELATED,ESTABLISHED -m connmark ! --mark 0x80000000/0x80000000 -j ACCEPT',
  );
});

test('where an allowed packet goes on, known flows are marked', (t) => {
  const list = listChain('host-ingress', [], [], { doesReject: false });
  const chain = renderEndpointChain(
    list,
    { table: 'filter', policyOf: () => undefined },
    context(4, { iptablesFilterAllowAction: 'Return' }),
  );
  t.deepEqual(lines(chain).slice(0, 2), [
    '-m conntrack --ctstate RELATED,ESTABLISHED -j MARK --set-xmark 0x10000/0x10000',
    '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
  ]);
});

test('every interface finds its own chain in the tree and no other', (t) => {
  const names = Array.from({ length: 200 }, (_, i) => `cali${(i * 7919).toString(16)}`);
  const targets = new Map([...names, 'cali', 'tap1'].map((name) => [name, `cali-fw-${name}`]));
  const end = [{ match: [], target: ['-j', 'DROP'] }];
  const chains = renderDispatch({ root: 'root', childPrefix: 'cali-fwl-', option: '-i', targets, end });
  t.true(chains.size > 10, 'there is a tree');
  for (const [name, chain] of targets) t.is(walk(chains, 'root', name), chain);
  for (const stranger of ['cali1zz', 'eth0', 'cal', `${names[3]}x`]) t.is(walk(chains, 'root', stranger), 'DROP');
});

function walk(chains: ReadonlyMap<string, IptablesChain>, node: string, name: string): string | undefined {
  for (const { match, target } of chains.get(node)?.rules ?? []) {
    const [, pattern] = match;
    const isMatch =
      pattern === undefined || (pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
    if (!isMatch) continue;
    const next = target[1] as string;
    return chains.has(next) ? walk(chains, next, name) : next;
  }
  return undefined;
}

test('failsafes keep to their family, and in raw answers have rules of their own', (t) => {
  t.deepEqual(lines(renderFailsafes('filter', context(6)).get('cali-failsafe-out')!), []);
  t.deepEqual(lines(renderFailsafes('raw', context()).get('cali-failsafe-in')!), [
    '-p 6 -m multiport --dports 22 -j ACCEPT',
    '-p 17 -s 10.0.0.0/8 -m multiport --sports 53 -j ACCEPT',
  ]);
});

test('the DSCP of a host endpoint is for what leaves from its addresses, of the family', (t) => {
  const marked = (name: string, dscp: number, ...expectedIps: string[]): [string, HostEndpoint] => [
    name,
    {
      interfaceName: '*',
      profiles: [],
      tiers: [],
      untrackedTiers: [],
      preDnatTiers: [],
      forwardTiers: [],
      expectedIps,
      dscp,
    },
  ];
  const hosts = hostDscps(new Map([marked('b', 0, '10.0.0.2', '10.0.0.1'), marked('a', 46, '10.0.0.1', 'fd00::1')]));
  const rules = (family: 4 | 6, hasPools: boolean) =>
    lines(plainChain(renderDscp({ workloads: [], hosts }, hasPools, context(family))));
  t.deepEqual(rules(4, false), [
    '-s 10.0.0.1/32 ! -o lo -j DSCP --set-dscp 46',
    '-s 10.0.0.2/32 ! -o lo -j DSCP --set-dscp 0',
  ]);
  t.is(rules(6, true).length, 1);
  t.regex(rules(6, true)[0] ?? '', /^-s fd00::1\/128 .*--match-set cali60\S+ dst -j DSCP --set-dscp 46$/);
});

test('NAT with a port range has rules for TCP and UDP and one for the rest', (t) => {
  const { rules } = renderNatOutgoing(true, {
    ...context(),
    config: { ...sampleConfig, natPortRange: { first: 1024, last: 2047 }, natOutgoingAddress: '192.0.2.1' },
  });
  t.deepEqual(
    rules.map(({ target }) => target.join(' ')),
    [
      '-j SNAT --to-source 192.0.2.1:1024-2047',
      '-j RETURN',
      '-j SNAT --to-source 192.0.2.1:1024-2047',
      '-j RETURN',
      '-j SNAT --to-source 192.0.2.1',
    ],
  );
});

test('names fit and are safe, whatever they are made of', (t) => {
  const texts = ['web', 'a b', '"; rm -rf /', 'x'.repeat(300), '-j ACCEPT\n', 'ä', 'a+'];
  for (const text of texts) {
    t.regex(chainName('cali-pri-', text), /^cali-pri-[\w./-]{1,19}$/);
    t.regex(setName(text, 6), /^cali60[\w.:-]{1,25}$/);
  }
  t.is(new Set(texts.map((text) => chainName('cali-pri-', text))).size, texts.length);
  t.is(policyChain(policyId('web'), 'egress'), 'cali-po-gnp/web');
});

test('comments and words cannot leave their quotes', (t) => {
  const { rules } = printChain('c', {
    rules: [{ label: 'a "b" \\ $(c)\n-j ACCEPT', match: [], target: ['-j', 'LOG', '--log-prefix', 'x" \\ y: '] }],
    setIds: [],
    lists: [],
  });
  t.regex(rules[0] ?? '', /--comment "a _b_ _ _\(c\)_-j ACCEPT" -j LOG --log-prefix "x\\" \\\\ y: "$/);
});

test('a rule’s hash depends on all rules above it, and is found in what iptables-save prints', (t) => {
  const print = (...ports: string[]) =>
    printChain('c', { rules: ports.map((text) => ({ match: ['-p', text], target: [] })), setIds: [], lists: [] });
  t.is(print('6', '17').hashes[0], print('6', '1').hashes[0]);
  t.not(print('6', '17').hashes[1], print('1', '17').hashes[1]);
  const [hash] = print('6').hashes;
  t.is(hashPattern.exec(`-A c -m comment --comment "cali:${hash}" -m mark`)?.[1], hash);
  t.is(hashPattern.exec(`-A c -m comment --comment cali:${hash} -m mark`)?.[1], hash);
});
