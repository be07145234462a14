/**
 * Whether a rule speaks of a flow: what `render/rule-match.ts` says in expressions, asked in user space. Pure.
 * The two are compared over random rules and flows by a test.
 */
import { contains, type Prefix, parsePrefix } from '../../../lib/ip/address.ts';
import type { IcmpMatch, PortRange, Rule, RuleSide } from '../../model/policy.ts';
import type { Flow, FlowEnd } from './flow.ts';

/** Members of IP sets. */
export interface SetLookup {
  hasAddress(setId: string, end: FlowEnd): boolean;
  hasHostPort(setId: string, end: FlowEnd, protocol: number): boolean;
}

const icmpProtocols = { 4: 1, 6: 58 } as const;

export function matchesFlow(rule: Rule, flow: Flow, sets: SetLookup): boolean {
  return (
    matchesProtocol(rule, flow) &&
    matchesSide(rule.dst, flow.dst, flow, sets) &&
    matchesSide(rule.src, flow.src, flow, sets)
  );
}

function matchesProtocol(rule: Rule, { family, protocol, icmp }: Flow): boolean {
  const own = icmpProtocols[family];
  const other = icmpProtocols[family === 4 ? 6 : 4];
  if (rule.ipVersion !== undefined && rule.ipVersion !== family) return false;
  if (rule.protocol !== undefined && (rule.protocol !== protocol || rule.protocol === other)) return false;
  if (rule.notProtocol !== undefined && rule.notProtocol === protocol) return false;
  if (rule.icmp === undefined && rule.notIcmp === undefined) return true;
  if (protocol !== (rule.protocol ?? own) || icmp === undefined) return false;
  if (rule.icmp !== undefined && !isIcmp(rule.icmp, icmp)) return false;
  return rule.notIcmp === undefined || !isIcmp(rule.notIcmp, icmp);
}

function isIcmp(match: IcmpMatch, icmp: { readonly type: number; readonly code: number }): boolean {
  return match.type === icmp.type && (match.code === undefined || match.code === icmp.code);
}

function matchesSide(side: RuleSide, end: FlowEnd, flow: Flow, sets: SetLookup): boolean {
  return matchesPorts(side, end, flow, sets) && matchesNets(side, end, flow) && matchesSets(side, end, flow, sets);
}

/** A list without a net of the flow's family, negated or not, speaks of no flow of that family. */
function matchesNets({ nets, notNets }: RuleSide, end: FlowEnd, flow: Flow): boolean {
  if (!isEmpty(nets) && !isInNets(nets, end)) return false;
  if (isEmpty(notNets)) return true;
  return notNets.some((net) => net.includes(':') === (flow.family === 6)) && !isInNets(notNets, end);
}

function isInNets(nets: readonly string[], end: FlowEnd): boolean {
  return prefixesOf(nets).some((prefix) => contains(prefix, end.address));
}

/** A rule is asked about very many flows: its nets are read once. */
const parsed = new WeakMap<readonly string[], readonly Prefix[]>();

function prefixesOf(nets: readonly string[]): readonly Prefix[] {
  let prefixes = parsed.get(nets);
  if (prefixes === undefined) {
    prefixes = nets.map(parsePrefix).filter((prefix) => prefix !== undefined);
    parsed.set(nets, prefixes);
  }
  return prefixes;
}

function matchesPorts(side: RuleSide, end: FlowEnd, { protocol }: Flow, sets: SetLookup): boolean {
  const named = side.namedPortSets ?? [];
  const isHostPort = (id: string) => sets.hasHostPort(id, end, protocol);
  if (!isEmpty(side.ports) || named.length > 0) {
    if (!isInRanges(side.ports ?? [], end) && !named.some(isHostPort)) return false;
  }
  if (!isEmpty(side.notPorts) && (end.port === undefined || isInRanges(side.notPorts, end))) return false;
  return !(side.notNamedPortSets ?? []).some(isHostPort);
}

function isInRanges(ranges: readonly PortRange[], { port }: FlowEnd): boolean {
  return port !== undefined && ranges.some(({ first, last }) => first <= port && port <= last);
}

function matchesSets(side: RuleSide, end: FlowEnd, { protocol }: Flow, sets: SetLookup): boolean {
  return (
    (side.serviceSets ?? []).every((id) => sets.hasHostPort(id, end, protocol)) &&
    (side.sets ?? []).every((id) => sets.hasAddress(id, end)) &&
    !(side.notSets ?? []).some((id) => sets.hasAddress(id, end))
  );
}

function isEmpty<T>(list: readonly T[] | undefined): list is undefined {
  return list === undefined || list.length === 0;
}
