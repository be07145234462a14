/**
 * One policy rule's match as alternatives of expressions: a packet matches the rule when it matches one of them. Pure.
 * The first that matches ends the chain; of a rule that logs and goes on, none matches with another, so that it logs and counts once.
 * A rule about addresses or ICMP is written once a family, others once for both.
 */
import type { Expression } from '../../kernel/netlink/expression.ts';
import type { Prefix } from '../../lib/ip/address.ts';
import { parsePrefix } from '../../lib/ip/address.ts';
import type { IcmpMatch, PortRange, Rule, RuleSide } from '../model/policy.ts';
import type { Family, Side } from './match.ts';
import { matchFamily, matchIcmp, matchPortRange, matchPrefix, matchProtocol } from './match.ts';
import { contentName } from './names.ts';
import type { ListSet } from './rendered.ts';
import {
  hostSet,
  lookupAddress,
  lookupHostPort,
  lookupNetwork,
  lookupPort,
  netSet,
  prefixSetId,
  setNumber,
} from './set-layout.ts';

/** What rendering must know of an IP set: its number, and where its true CIDRs lie in each family that has any. */
export interface SetFacts {
  readonly number: Uint8Array;
  /** The interval set. */
  readonly nets4?: string;
  readonly nets6?: string;
  /** Lengths whose CIDRs lie in the hash set. */
  readonly lengths4?: readonly number[];
  readonly lengths6?: readonly number[];
}

export interface RuleMatch {
  readonly alternatives: readonly (readonly Expression[])[];
  readonly setIds: readonly string[];
  readonly lists: readonly ListSet[];
  readonly netSets: readonly string[];
}

/** A criterion holds when one of its alternatives does. */
type Criterion = readonly (readonly Expression[])[];
const never: Criterion = [];

const ICMP = { 4: 1, 6: 58 } as const;
const families: readonly Family[] = [4, 6];
const sides: readonly Side[] = ['src', 'dst'];

export function renderRuleMatch(rule: Rule, factsOf: (setId: string) => SetFacts): RuleMatch {
  const isExclusive = rule.action === 'log';
  const refs: References = { isExclusive, facts: new Map(), lists: new Map(), netSets: new Set(), factsOf };
  const alternatives = needsFamily(rule)
    ? families.flatMap((family) => (appliesTo(rule, family) ? product(criteriaOf(rule, family, refs)) : []))
    : product(criteriaOf(rule, undefined, refs));
  return { alternatives, setIds: [...refs.facts.keys()], lists: [...refs.lists.values()], netSets: [...refs.netSets] };
}

interface References {
  /** No two alternatives may match together. */
  readonly isExclusive: boolean;
  readonly facts: Map<string, SetFacts>;
  readonly lists: Map<string, ListSet>;
  readonly netSets: Set<string>;
  readonly factsOf: (setId: string) => SetFacts;
}

function needsFamily(rule: Rule): boolean {
  return (
    rule.ipVersion !== undefined ||
    rule.icmp !== undefined ||
    rule.notIcmp !== undefined ||
    rule.protocol === ICMP[4] ||
    rule.protocol === ICMP[6] ||
    sides.some((side) => hasAddresses(rule[side]))
  );
}

function hasAddresses(side: RuleSide): boolean {
  const lists = [side.nets, side.notNets, side.namedPortSets, side.notNamedPortSets, side.sets, side.notSets];
  return [...lists, side.serviceSets].some((list) => list !== undefined && list.length > 0);
}

/** False when the rule does not exist in this family: another version, the other ICMP, or a list of nets without one of it. */
function appliesTo(rule: Rule, family: Family): boolean {
  const other = family === 4 ? 6 : 4;
  if (rule.ipVersion === other || rule.protocol === ICMP[other]) return false;
  return sides.every((side) =>
    [rule[side].nets, rule[side].notNets].every((nets) => isEmpty(nets) || netsOf(nets, family).length > 0),
  );
}

function isEmpty<T>(list: readonly T[] | undefined): list is undefined {
  return list === undefined || list.length === 0;
}

function netsOf(nets: readonly string[] | undefined, family: Family): string[] {
  return (nets ?? []).filter((net) => net.includes(':') === (family === 6));
}

/** Cheap criteria come first. */
function criteriaOf(rule: Rule, family: Family | undefined, refs: References): Criterion[] {
  const criteria: Criterion[] = [];
  if (family !== undefined) criteria.push(one(matchFamily(family)));
  criteria.push(...protocolCriteria(rule, family));
  for (const side of sides) criteria.push(...portCriteria(rule[side], side, family, refs));
  if (family === undefined) return criteria;
  for (const side of sides) criteria.push(...netCriteria(rule[side], side, family, refs));
  for (const side of sides) criteria.push(...setCriteria(rule[side], side, family, refs));
  return criteria;
}

function one(expressions: readonly Expression[]): Criterion {
  return [expressions];
}

/** A match on ICMP fields implies the family's ICMP, also when it is negated: there is no type in other packets. */
function protocolCriteria(rule: Rule, family: Family | undefined): Criterion[] {
  const criteria: Criterion[] = [];
  const isIcmpImplied = rule.icmp !== undefined || rule.notIcmp !== undefined;
  if (rule.protocol !== undefined) criteria.push(one(matchProtocol(rule.protocol)));
  else if (isIcmpImplied && family !== undefined) criteria.push(one(matchProtocol(ICMP[family])));
  if (rule.notProtocol !== undefined) criteria.push(one(matchProtocol(rule.notProtocol, true)));
  if (rule.icmp !== undefined) criteria.push(icmpCriterion(rule.icmp, false));
  if (rule.notIcmp !== undefined) criteria.push(icmpCriterion(rule.notIcmp, true));
  return criteria;
}

function icmpCriterion(icmp: IcmpMatch, isNegated: boolean): Criterion {
  return one(matchIcmp(icmp.type, icmp.code, isNegated));
}

function portCriteria(rule: RuleSide, side: Side, family: Family | undefined, refs: References): Criterion[] {
  const criteria: Criterion[] = [];
  const named = family === undefined ? [] : (rule.namedPortSets ?? []);
  if (!isEmpty(rule.ports) || named.length > 0) {
    criteria.push(oneOf(portTests(rule.ports, named, side, family, refs), refs));
  }
  if (!isEmpty(rule.notPorts)) criteria.push(one(portTest(rule.notPorts, side, refs)(true)));
  if (family === undefined) return criteria;
  for (const id of rule.notNamedPortSets ?? []) {
    criteria.push(one(lookupHostPort(facts(id, refs).number, side, family, true)));
  }
  return criteria;
}

/** Expressions for "holds" and, inverted, for "does not hold". */
type Test = (isInverted: boolean) => readonly Expression[];

function portTests(
  ports: readonly PortRange[] | undefined,
  named: readonly string[],
  side: Side,
  family: Family | undefined,
  refs: References,
): Test[] {
  const tests: Test[] = isEmpty(ports) ? [] : [portTest(ports, side, refs)];
  if (family === undefined) return tests;
  for (const id of named) {
    const { number } = facts(id, refs);
    tests.push((isInverted) => lookupHostPort(number, side, family, isInverted));
  }
  return tests;
}

/** Test i holds; and none before it, where alternatives must exclude each other. */
function oneOf(tests: readonly Test[], { isExclusive }: References): Criterion {
  if (!isExclusive) return tests.map((test) => test(false));
  return tests.map((test, i) => [...tests.slice(0, i).flatMap((earlier) => earlier(true)), ...test(false)]);
}

function portTest(alternatives: readonly PortRange[], side: Side, refs: References): Test {
  const ports = mergeRanges(alternatives);
  const [only] = ports;
  if (ports.length === 1 && only !== undefined) return (isInverted) => matchPortRange(side, only, isInverted);
  const members = ports.map((range) => `${range.first}-${range.last}`);
  const { id } = addList('ports', members, refs);
  return (isInverted) => lookupPort(setNumber(id), side, isInverted);
}

/** Disjoint ranges, ascending: an interval set takes no others. */
export function mergeRanges(ranges: readonly PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const open = merged.at(-1);
    if (open === undefined || range.first > open.last + 1) merged.push(range);
    else merged[merged.length - 1] = { first: open.first, last: Math.max(open.last, range.last) };
  }
  return merged;
}

function netCriteria(rule: RuleSide, side: Side, family: Family, refs: References): Criterion[] {
  const criteria: Criterion[] = [];
  if (!isEmpty(rule.nets)) criteria.push(netCriterion(netsOf(rule.nets, family), side, family, false, refs));
  if (!isEmpty(rule.notNets)) criteria.push(netCriterion(netsOf(rule.notNets, family), side, family, true, refs));
  return criteria;
}

const always: Criterion = [[]];

function netCriterion(
  nets: readonly string[],
  side: Side,
  family: Family,
  isNegated: boolean,
  refs: References,
): Criterion {
  const prefixes = nets.map(parsePrefix).filter((prefix): prefix is Prefix => prefix !== undefined);
  if (prefixes.some((prefix) => prefix.length === 0)) return isNegated ? never : always;
  const [only] = prefixes;
  if (only === undefined) return isNegated ? always : never;
  if (prefixes.length === 1) return one(matchPrefix(side, only, isNegated));
  const { id } = addList('nets', nets, refs);
  const set = netSet(family, setNumber(id), nets.length);
  refs.netSets.add(set);
  return one(lookupAddress(set, setNumber(id), side, family, isNegated));
}

function addList(type: ListSet['type'], unsorted: readonly string[], refs: References): ListSet {
  const members = [...new Set(unsorted)].sort();
  const list: ListSet = { id: contentName(type, members), type, members };
  refs.lists.set(list.id, list);
  return list;
}

function setCriteria(rule: RuleSide, side: Side, family: Family, refs: References): Criterion[] {
  const criteria: Criterion[] = [];
  for (const id of rule.serviceSets ?? []) {
    criteria.push(one(lookupHostPort(facts(id, refs).number, side, family, false)));
  }
  for (const id of rule.notSets ?? []) criteria.push(one(outsideSet(id, side, family, refs)));
  for (const id of rule.sets ?? []) criteria.push(oneOf(setTests(id, side, family, refs), refs));
  return criteria;
}

function outsideSet(id: string, side: Side, family: Family, refs: References): Expression[] {
  return setTests(id, side, family, refs).flatMap((test) => [...test(true)]);
}

/** Members of full length are in the hash set, and true CIDRs of lengths that very many have; the others in an interval set. */
function setTests(id: string, side: Side, family: Family, refs: References): Test[] {
  const { number, nets4, nets6, lengths4, lengths6 } = facts(id, refs);
  const tests: Test[] = [(isInverted) => lookupAddress(hostSet(family), number, side, family, isInverted)];
  for (const length of (family === 4 ? lengths4 : lengths6) ?? []) {
    const lengthNumber = setNumber(prefixSetId(id, family, length));
    tests.push((isInverted) => lookupNetwork(lengthNumber, length, side, family, isInverted));
  }
  const set = family === 4 ? nets4 : nets6;
  if (set === undefined) return tests;
  refs.netSets.add(set);
  return [...tests, (isInverted) => lookupAddress(set, number, side, family, isInverted)];
}

/** Asked once: both families and all alternatives share the bytes of the number. */
function facts(id: string, { facts: known, factsOf }: References): SetFacts {
  const of = known.get(id) ?? factsOf(id);
  known.set(id, of);
  return of;
}

function product(criteria: readonly Criterion[]): Expression[][] {
  return criteria.reduce<Expression[][]>(
    (whole, criterion) => whole.flatMap((head) => criterion.map((tail) => [...head, ...tail])),
    [[]],
  );
}
