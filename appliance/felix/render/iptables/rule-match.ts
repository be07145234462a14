/**
 * One policy rule's match as alternatives of iptables words: a packet matches the rule when it matches one of them. Pure.
 * Lists of nets are IP sets of their own, ports go into multiport by fifteen; so most rules are one rule and marks carry nothing between rules.
 * Of a rule that logs and goes on no two alternatives match together. Source: felix, rule rendering; iptables-extensions(8).
 */
import { hash } from 'node:crypto';
import { parsePrefix } from '../../../lib/ip/address.ts';
import type { IcmpMatch, PortRange, Rule, RuleSide } from '../../model/policy.ts';
import type { Family, Side } from '../match.ts';
import { setName } from './names.ts';
import type { NetList } from './rule.ts';

export interface RuleMatch {
  readonly alternatives: readonly (readonly string[])[];
  readonly setIds: readonly string[];
  readonly lists: readonly NetList[];
}

/** A criterion holds when one of its alternatives does. */
type Criterion = readonly (readonly string[])[];
/** Words for "holds" and, inverted, for "does not hold". */
type Test = (isInverted: boolean) => readonly string[];

const never: Criterion = [];
const always: Criterion = [[]];
const icmpProtocol = { 4: 1, 6: 58 } as const;
/** Protocols multiport knows, for a rule that names ports and no protocol. */
const portProtocols = [6, 17, 33, 132, 136];
const multiportSlots = 15;
const sides: readonly Side[] = ['src', 'dst'];

interface References {
  readonly family: Family;
  readonly isExclusive: boolean;
  readonly setIds: Set<string>;
  readonly lists: Map<string, NetList>;
}

export function renderRuleMatch(rule: Rule, family: Family): RuleMatch {
  const refs: References = { family, isExclusive: rule.action === 'log', setIds: new Set(), lists: new Map() };
  const alternatives = appliesTo(rule, family) ? product(criteriaOf(rule, refs)) : [];
  return { alternatives, setIds: [...refs.setIds], lists: [...refs.lists.values()] };
}

/** False when the rule does not exist in this family: another version, the other ICMP, or a list of nets without one of it. */
function appliesTo(rule: Rule, family: Family): boolean {
  const other = family === 4 ? 6 : 4;
  if (rule.ipVersion === other || rule.protocol === icmpProtocol[other]) return false;
  return sides.every((side) =>
    [rule[side].nets, rule[side].notNets].every((nets) => isEmpty(nets) || netsOf(nets, family).length > 0),
  );
}

function isEmpty<T>(list: readonly T[] | undefined): list is undefined {
  return list === undefined || list.length === 0;
}

function netsOf(nets: readonly string[], family: Family): string[] {
  return nets.filter((net) => net.includes(':') === (family === 6));
}

function criteriaOf(rule: Rule, refs: References): Criterion[] {
  const criteria: Criterion[] = [protocolCriterion(rule, refs.family)];
  if (rule.icmp !== undefined) criteria.push([icmpWords(rule.icmp, refs.family, false)]);
  if (rule.notIcmp !== undefined) criteria.push([icmpWords(rule.notIcmp, refs.family, true)]);
  for (const side of sides) criteria.push(...netCriteria(rule[side], side, refs));
  for (const side of sides) criteria.push(...portCriteria(rule[side], rule.protocol, side, refs));
  for (const side of sides) criteria.push(...setCriteria(rule[side], side, refs));
  return criteria;
}

/** A match on ICMP fields implies the family's ICMP, also when it is negated; one on port numbers the protocols that have ports. */
function protocolCriterion(rule: Rule, family: Family): Criterion {
  const isIcmp = rule.icmp !== undefined || rule.notIcmp !== undefined;
  const implied = isIcmp ? icmpProtocol[family] : undefined;
  const protocol = rule.protocol ?? implied;
  if (protocol !== undefined && implied !== undefined && protocol !== implied) return never;
  if (protocol !== undefined) return protocol === rule.notProtocol ? never : [['-p', String(protocol)]];
  if (sides.some((side) => !isEmpty(rule[side].ports) || !isEmpty(rule[side].notPorts))) {
    return portProtocols.filter((each) => each !== rule.notProtocol).map((each) => ['-p', String(each)]);
  }
  return rule.notProtocol === undefined ? always : [['!', '-p', String(rule.notProtocol)]];
}

function icmpWords({ type, code }: IcmpMatch, family: Family, isInverted: boolean): string[] {
  const [module, option] = family === 4 ? ['icmp', '--icmp-type'] : ['icmp6', '--icmpv6-type'];
  return ['-m', module, ...not(isInverted), option, code === undefined ? String(type) : `${type}/${code}`];
}

function not(isInverted: boolean): string[] {
  return isInverted ? ['!'] : [];
}

function netCriteria(rule: RuleSide, side: Side, refs: References): Criterion[] {
  const criteria: Criterion[] = [];
  if (!isEmpty(rule.nets)) criteria.push(netCriterion(netsOf(rule.nets, refs.family), side, false, refs));
  if (!isEmpty(rule.notNets)) criteria.push(netCriterion(netsOf(rule.notNets, refs.family), side, true, refs));
  return criteria;
}

/** One net stands in the rule; but a rule takes one address a side, so where it may have a second, nets are a set. */
function netCriterion(nets: readonly string[], side: Side, isInverted: boolean, refs: References): Criterion {
  if (nets.some((net) => parsePrefix(net)?.length === 0)) return isInverted ? never : always;
  const [only] = nets;
  if (nets.length === 1 && only !== undefined && !isInverted) return [[side === 'src' ? '-s' : '-d', only]];
  return [setWords(addList(nets, refs), side, isInverted, refs)];
}

function addList(unsorted: readonly string[], refs: References): string {
  const nets = [...new Set(unsorted)].sort();
  const id = `n_${hash('sha256', JSON.stringify(nets), 'base64url').slice(0, 22)}`;
  refs.lists.set(id, { id, nets });
  return id;
}

function portCriteria(rule: RuleSide, protocol: number | undefined, side: Side, refs: References): Criterion[] {
  const criteria: Criterion[] = [];
  const named = rule.namedPortSets ?? [];
  if (!isEmpty(rule.ports) || named.length > 0)
    criteria.push(oneOf(portTests(rule.ports ?? [], named, protocol, side, refs), refs));
  for (const slots of portSlots(rule.notPorts ?? [])) criteria.push([portWords(slots, protocol, side, true)]);
  for (const id of rule.notNamedPortSets ?? []) criteria.push([portSetWords(id, side, true, refs)]);
  return criteria;
}

function portTests(
  ports: readonly PortRange[],
  named: readonly string[],
  protocol: number | undefined,
  side: Side,
  refs: References,
): Test[] {
  return [
    ...portSlots(ports).map(
      (slots): Test =>
        (isInverted) =>
          portWords(slots, protocol, side, isInverted),
    ),
    ...named.map(
      (id): Test =>
        (isInverted) =>
          portSetWords(id, side, isInverted, refs),
    ),
  ];
}

/** Test i holds; and none before it, where alternatives must exclude each other. */
function oneOf(tests: readonly Test[], { isExclusive }: References): Criterion {
  if (!isExclusive) return tests.map((test) => test(false));
  return tests.map((test, i) => [...tests.slice(0, i).flatMap((earlier) => earlier(true)), ...test(false)]);
}

const portModules: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };

/** A lone port or range goes to the protocol's own match, which is quicker: nf_tables does it without help of x_tables. */
function portWords(slots: readonly string[], protocol: number | undefined, side: Side, isInverted: boolean): string[] {
  const module = protocol === undefined ? undefined : portModules[protocol];
  const [only] = slots;
  if (module !== undefined && slots.length === 1 && only !== undefined) {
    return ['-m', module, ...not(isInverted), side === 'src' ? '--sport' : '--dport', only];
  }
  return ['-m', 'multiport', ...not(isInverted), side === 'src' ? '--sports' : '--dports', slots.join(',')];
}

/** Ports as multiport takes them, as many as fit into one match: a range takes two places. */
function portSlots(ports: readonly PortRange[]): string[][] {
  const groups: string[][] = [];
  let free = 0;
  for (const { first, last } of mergeRanges(ports)) {
    const size = first === last ? 1 : 2;
    if (size > free) {
      groups.push([]);
      free = multiportSlots;
    }
    groups.at(-1)?.push(first === last ? String(first) : `${first}:${last}`);
    free -= size;
  }
  return groups;
}

function mergeRanges(ranges: readonly PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const open = merged.at(-1);
    if (open === undefined || range.first > open.last + 1) merged.push(range);
    else merged[merged.length - 1] = { first: open.first, last: Math.max(open.last, range.last) };
  }
  return merged;
}

function setCriteria(rule: RuleSide, side: Side, refs: References): Criterion[] {
  return [
    ...(rule.serviceSets ?? []).map((id) => [portSetWords(id, side, false, refs)]),
    ...(rule.sets ?? []).map((id) => [setWords(id, side, false, refs)]),
    ...(rule.notSets ?? []).map((id) => [setWords(id, side, true, refs)]),
  ];
}

function setWords(id: string, side: Side, isInverted: boolean, refs: References): string[] {
  refs.setIds.add(id);
  return ['-m', 'set', ...not(isInverted), '--match-set', setName(id, refs.family), side];
}

function portSetWords(id: string, side: Side, isInverted: boolean, refs: References): string[] {
  refs.setIds.add(id);
  return ['-m', 'set', ...not(isInverted), '--match-set', setName(id, refs.family), `${side},${side}`];
}

function product(criteria: readonly Criterion[]): string[][] {
  return criteria.reduce<string[][]>(
    (whole, criterion) => whole.flatMap((head) => criterion.map((tail) => [...head, ...tail])),
    [[]],
  );
}
