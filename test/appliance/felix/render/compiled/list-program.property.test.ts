/**
 * Tables compiled from random lists say of random packets what the rules say, asked one after the other: the same verdict, the same counters.
 * The rules' side is written from their meaning alone. COMPILED_RUNS asks for more lists than the usual 1,500.
 */
import { BlockList } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import type { Policy, PolicyId, Rule, RuleSide, TierPolicies } from '#appliance/felix/model/policy.ts';
import { printPolicyId } from '#appliance/felix/model/policy.ts';
import { listChain } from '#appliance/felix/render/chain-spec.ts';
import type { Decision } from '#appliance/felix/render/compiled/decision.ts';
import { EntryMaker, KnownEntries } from '#appliance/felix/render/compiled/entry.ts';
import type { Program } from '#appliance/felix/render/compiled/list-program.ts';
import { cellKey, ListProgram, otherProtocols } from '#appliance/felix/render/compiled/list-program.ts';
import { shapeOf } from '#appliance/felix/render/compiled/shape.ts';
import { allotMarks } from '#appliance/felix/render/marks.ts';
import type { StageKind } from '#appliance/felix/render/stage.ts';
import { stageTraits } from '#appliance/felix/render/stage.ts';
import { policyId, sampleConfig, samplePolicy } from '../../dataplane/sample.ts';

const runs = Number(process.env.COMPILED_RUNS ?? 1_500);
const setIds = ['s:1', 's:2', 's:3'];
const bigSetId = 's:big';
const policyNames = ['p1', 'p2', 'p3', 'p4'];
const addresses = { 4: ['10.0.0.1', '10.1.0.1', '11.0.0.1', '192.0.2.1'], 6: ['fd00::1', 'fd01::1', '2001:db8::1'] };
const ports = [0, 1, 79, 80, 81, 90, 443, 1000, 65_535];

interface Packet {
  readonly family: 4 | 6;
  readonly peer: string;
  readonly own: string;
  /** IP sets the peer is in. */
  readonly sets: readonly string[];
  readonly protocol: number;
  /** Absent: a later fragment, say. */
  readonly ports?: { readonly src: number; readonly dst: number };
  readonly icmpType: number;
}

const range = fc
  .tuple(fc.constantFrom(...ports), fc.constantFrom(...ports))
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
const portList = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...ports).map(single) }, range), {
  maxLength: 3,
});
const nets = [
  '10.0.0.0/8',
  '10.0.0.0/16',
  '10.0.0.1/32',
  '11.0.0.0/8',
  '0.0.0.0/0',
  'fd00::/16',
  'fd00::1/128',
  '::/0',
];
const peerSide: fc.Arbitrary<RuleSide> = fc.record(
  {
    sets: fc.subarray([...setIds, bigSetId], { maxLength: 2 }),
    notSets: fc.subarray([...setIds, bigSetId], { maxLength: 1 }),
    nets: fc.subarray(nets, { maxLength: 2 }),
    notNets: fc.subarray(nets, { maxLength: 2 }),
    ports: portList,
    notPorts: portList,
  },
  { requiredKeys: [] },
);
const simpleSide: fc.Arbitrary<RuleSide> = fc.oneof(
  fc.constant({}),
  fc.constantFrom(...setIds).map((id) => ({ sets: [id] })),
  fc.constantFrom(...setIds).map((id) => ({ notSets: [id] })),
  fc.constantFrom(...nets).map((net) => ({ nets: [net] })),
  fc.constantFrom(...nets).map((net) => ({ notNets: [net] })),
);
const someRule: fc.Arbitrary<Rule> = fc.record(
  {
    action: fc.constantFrom('allow', 'deny', 'allow', 'deny', 'pass', 'log'),
    protocol: fc.constantFrom(6, 6, 17, 1, 58, 132),
    notProtocol: fc.constantFrom(6, 99),
    ipVersion: fc.constantFrom(4, 6),
    icmp: fc.constantFrom({ type: 8 }, { type: 3, code: 1 }),
    notIcmp: fc.constant({ type: 8 }),
    src: fc.oneof(simpleSide, peerSide),
    dst: fc.oneof({ weight: 4, arbitrary: portList.map((list) => ({ ports: list })) }, peerSide),
  },
  { requiredKeys: ['action', 'src', 'dst'] },
) as fc.Arbitrary<Rule>;
/** What most rules are: a protocol, ports of it, one peer. */
const plainRule: fc.Arbitrary<Rule> = fc
  .record({
    action: fc.constantFrom<Rule['action']>('allow', 'deny', 'pass'),
    protocol: fc.constantFrom(6, 6, 6, 17),
    peer: simpleSide,
    isIngress: fc.boolean(),
    ports: portList,
  })
  .map(({ action, protocol, peer, isIngress, ports: list }) => {
    return isIngress
      ? { action, protocol, src: peer, dst: { ports: list } }
      : { action, protocol, src: {}, dst: { ...peer, ports: list } };
  });
const rules = fc.array(fc.oneof({ weight: 3, arbitrary: plainRule }, someRule), { maxLength: 5 });
const policy = fc
  .record({ inbound: rules, outbound: rules, isStaged: fc.nat(4).map((n) => n === 0), isUntracked: fc.constant(false) })
  .map((content) => samplePolicy(content));
const tiers: fc.Arbitrary<TierPolicies[]> = fc.array(
  fc.record({
    name: fc.constantFrom('default', 'security'),
    defaultAction: fc.constantFrom('Deny', 'Pass'),
    ingress: fc.subarray(policyNames).map((names) => names.map(policyId)),
    egress: fc.subarray(policyNames).map((names) => names.map(policyId)),
  }),
  { maxLength: 3 },
);
const world = fc.record({
  policies: fc.dictionary(fc.constantFrom(...policyNames), policy, { minKeys: 2 }),
  profiles: fc.dictionary(fc.constantFrom('a', 'b'), rules),
  profileNames: fc.subarray(['a', 'b', 'missing']),
  tiers,
  kind: fc.constantFrom<StageKind>('workload-ingress', 'workload-egress', 'forward-ingress', 'pre-dnat'),
});
type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never;
const packet: fc.Arbitrary<Packet> = fc.constantFrom<4 | 6>(4, 4, 6).chain((family) =>
  fc.record(
    {
      family: fc.constant(family),
      peer: fc.constantFrom(...addresses[family]),
      own: fc.constantFrom(...addresses[family]),
      sets: fc.subarray([...setIds, bigSetId]),
      protocol: fc.constantFrom(6, 6, 6, 17, 1, 58, 132, 47),
      ports: fc.record({ src: fc.constantFrom(...ports), dst: fc.constantFrom(...ports, 8080) }),
      icmpType: fc.constantFrom(8, 3, 0),
    },
    { requiredKeys: ['family', 'peer', 'own', 'sets', 'protocol', 'icmpType'] },
  ),
) as fc.Arbitrary<Packet>;

test('a compiled list counts and decides what its rules do', (t) => {
  let packets = 0;
  fc.assert(
    fc.property(world, fc.array(packet, { minLength: 12, maxLength: 12 }), (of, sent) => {
      const programs = { 4: programOf(of, 4), 6: programOf(of, 6) };
      for (const it of sent) {
        packets++;
        const expected = naive(of, it);
        const found = compiled(programs[it.family], of.kind, it);
        if (JSON.stringify(found) !== JSON.stringify(expected)) {
          throw new Error(`${JSON.stringify(it)}\nrules:    ${expected}\ncompiled: ${found}`);
        }
      }
    }),
    { numRuns: runs },
  );
  t.is(packets >= runs * 12, true);
});

test('the table of ten thousand rules has a cell for each, and the way to it is one look-up', (t) => {
  const inbound = Array.from({ length: 10_000 }, (_, i): Rule => {
    return { action: 'allow', protocol: 6, src: { sets: [`s:${i}`] }, dst: { ports: [single(1000 + (i % 50_000))] } };
  });
  const of: World = {
    policies: { p1: samplePolicy({ inbound }) },
    profiles: {},
    profileNames: [],
    tiers: [{ name: 'default', defaultAction: 'Deny', ingress: [policyId('p1')], egress: [] }],
    kind: 'workload-ingress',
  };
  const program = programOf(of, 4);
  t.deepEqual([program.default.exact.size, program.default.ranges.length, program.default.wide.size], [0, 0, 1]);
  for (const i of [0, 17, 9_999]) {
    const own = program.programOf([`s:${i}`]);
    t.deepEqual([...own.exact.keys()], [cellKey(6, 1000 + i)]);
    t.is(own.exact.get(cellKey(6, 1000 + i))?.steps.length, 1);
    t.is(own.ranges.length + own.wide.size, 0);
  }
});

function single(port: number) {
  return { first: port, last: port };
}

function programOf(of: World, family: 4 | 6): ListProgram {
  const list = listChain(of.kind, of.tiers, of.profileNames, { doesReject: false });
  const context = {
    config: sampleConfig,
    marks: allotMarks(0xffff0000),
    factsOf: () => ({ number: new Uint8Array(8) }),
  };
  const sources = {
    policyOf: (id: PolicyId) => of.policies[id.name],
    profileOf: (name: string) => {
      const list = of.profiles[name];
      return list && { inbound: list, outbound: list };
    },
    refusedOf: () => undefined,
  };
  const entries = new EntryMaker(context, sources, new KnownEntries()).list(list);
  const peer = stageTraits[of.kind].direction === 'ingress' ? 'src' : 'dst';
  const isCriterion = (id: string) => id !== bigSetId;
  return new ListProgram(
    entries,
    entries.entries.map((entry) => shapeOf(entry, { family, peer, isCriterion })),
  );
}

/** Counters in the order they count, then the verdict. */
function compiled(program: ListProgram, kind: StageKind, it: Packet): string[] {
  const met = [...program.criteria()]
    .map((id) => program.criterion(id))
    .filter(({ id, nets: list }) =>
      list === undefined ? it.sets.includes(id) : list.some((net) => contains(net, it.peer)),
    );
  const own = program.programOf(met.map(({ id }) => id));
  const decision = look(own, it) ?? look(program.default, it);
  if (decision === undefined) throw new Error('no cell');
  return follow(decision, kind, it);
}

/** As the kernel looks: an exact port, a range, the protocol, the rest. */
function look({ exact, ranges, wide }: Program, { protocol, ports: of }: Packet): Decision | undefined {
  const port = of?.dst;
  const cell = port === undefined ? undefined : exact.get(cellKey(protocol, port));
  const inRange = ranges.filter(
    (r) => port !== undefined && r.protocol === protocol && r.first <= port && port <= r.last,
  );
  if (inRange.length > 1) throw new Error('ranges overlap');
  return cell ?? inRange[0]?.decision ?? wide.get(protocol) ?? wide.get(otherProtocols);
}

function follow({ steps }: Decision, kind: StageKind, it: Packet): string[] {
  const done: string[] = [];
  for (const { entry, isPartial, branch } of steps) {
    if (isPartial && !matches(entry.rule!, kind, it)) continue;
    if (entry.counter !== undefined) done.push(entry.counter);
    if (branch !== undefined) return [...done, ...follow(branch, kind, it)];
    if (entry.onward !== 'stop') continue;
    const last = entry.effect.at(-1);
    return [...done, last?.type === 'verdict' ? last.verdict.code : 'none'];
  }
  throw new Error('a decision without an end');
}

/** The rules one after the other, from what they mean. */
function naive(of: World, it: Packet): string[] {
  const { direction, isClosed, doTiersDrop } = stageTraits[of.kind];
  const counted: string[] = [];
  for (const tier of of.tiers) {
    const ids = direction === 'ingress' ? tier.ingress : tier.egress;
    if (ids.length === 0) continue;
    const policies = ids.map((id) => ({ id, policy: of.policies[id.name] }));
    const said = askPolicies(policies, direction, of.kind, it, counted);
    if (said === 'accept' || said === 'drop') return [...counted, said];
    const isEnforced = policies.some(({ policy: p }) => p?.isStaged !== true);
    if (said === undefined && isEnforced && doTiersDrop && tier.defaultAction === 'Deny') {
      return [...counted, `tier/${tier.name}/${direction}`, 'drop'];
    }
  }
  if (!isClosed) return [...counted, 'accept'];
  for (const name of of.profileNames) {
    const list = of.profiles[name];
    if (list === undefined) return [...counted, 'drop'];
    for (const [i, rule] of list.entries()) {
      if (!matches(rule, of.kind, it)) continue;
      counted.push(`profile/${name}/${direction}/${i}`);
      if (rule.action === 'pass') break;
      if (rule.action !== 'log') return [...counted, rule.action === 'allow' ? 'accept' : 'drop'];
    }
  }
  return [...counted, `drop/no-profile-match/${direction}`, 'drop'];
}

function askPolicies(
  policies: readonly { readonly id: PolicyId; readonly policy: Policy | undefined }[],
  direction: 'ingress' | 'egress',
  kind: StageKind,
  it: Packet,
  counted: string[],
): 'accept' | 'drop' | 'pass' | undefined {
  for (const { id, policy: of } of policies) {
    if (of === undefined) return 'drop';
    for (const [i, rule] of (direction === 'ingress' ? of.inbound : of.outbound).entries()) {
      if (!matches(rule, kind, it)) continue;
      counted.push(`${printPolicyId(id)}/${direction}/${i}`);
      if (rule.action === 'log') continue;
      if (of.isStaged) break;
      if (rule.action === 'pass') return 'pass';
      return rule.action === 'allow' ? 'accept' : 'drop';
    }
  }
  return undefined;
}

function matches(rule: Rule, kind: StageKind, it: Packet): boolean {
  const icmp = it.family === 4 ? 1 : 58;
  if (rule.ipVersion !== undefined && rule.ipVersion !== it.family) return false;
  if (rule.protocol !== undefined && rule.protocol !== it.protocol) return false;
  if ((rule.protocol === 1 && it.family === 6) || (rule.protocol === 58 && it.family === 4)) return false;
  if (rule.notProtocol === it.protocol) return false;
  if (rule.icmp !== undefined && !(it.protocol === icmp && isIcmp(rule.icmp, it))) return false;
  if (rule.notIcmp !== undefined && !(it.protocol === icmp && !isIcmp(rule.notIcmp, it))) return false;
  const peer = stageTraits[kind].direction === 'ingress' ? 'src' : 'dst';
  return (['src', 'dst'] as const).every((side) => {
    const isPeer = side === peer;
    return sideMatches(rule[side], isPeer ? it.peer : it.own, isPeer ? it.sets : [], it.ports?.[side]);
  });
}

function isIcmp({ type, code }: { type: number; code?: number }, { icmpType }: Packet): boolean {
  return type === icmpType && (code === undefined || code === 1);
}

function sideMatches(side: RuleSide, address: string, sets: readonly string[], port: number | undefined): boolean {
  const isSix = address.includes(':');
  for (const list of [side.nets, side.notNets]) {
    if (list !== undefined && list.length > 0 && !list.some((net) => net.includes(':') === isSix)) return false;
  }
  if (side.nets?.length && !side.nets.some((net) => contains(net, address))) return false;
  if (side.notNets?.some((net) => contains(net, address))) return false;
  if (side.ports?.length && !(port !== undefined && isIn(side.ports, port))) return false;
  if (side.notPorts?.length && (port === undefined || isIn(side.notPorts, port))) return false;
  return (side.sets ?? []).every((id) => sets.includes(id)) && !(side.notSets ?? []).some((id) => sets.includes(id));
}

function isIn(list: readonly { first: number; last: number }[], port: number): boolean {
  return list.some(({ first, last }) => first <= port && port <= last);
}

const lists = new Map<string, BlockList>();

function contains(net: string, address: string): boolean {
  if (net.includes(':') !== address.includes(':')) return false;
  const kind = net.includes(':') ? 'ipv6' : 'ipv4';
  let list = lists.get(net);
  if (list === undefined) {
    const [base, length] = net.split('/');
    list = new BlockList();
    list.addSubnet(base!, Number(length), kind);
    lists.set(net, list);
  }
  return list.check(address, kind);
}
