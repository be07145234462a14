/**
 * What of a policy rule can be decided without the packet's help: which peers (as criteria their class meets or not), which protocol, which
 * destination ports. Pure. What is left makes the rule partial: where its shape fits, its own match still has the last word.
 */
import { parsePrefix } from '../../../lib/ip/address.ts';
import type { PortRange, Rule, RuleSide } from '../../model/policy.ts';
import type { Family, Side } from '../match.ts';
import { contentName } from '../names.ts';
import { mergeRanges } from '../rule-match.ts';
import type { Entry } from './entry.ts';

/** An address meets a criterion or not: it is a member of an IP set, or lies in one of a rule's nets. */
export interface Criterion {
  readonly id: string;
  /** Nets of a rule; absent for an IP set. */
  readonly nets?: readonly string[];
}

export interface Shape {
  /** The peer meets all of these, */
  readonly all: readonly string[];
  /** and none of these. */
  readonly none: readonly string[];
  readonly protocol?: number;
  readonly notProtocol?: number;
  /** Destination ports, disjoint and ascending; only with `protocol`. A packet without ports has none of them. */
  readonly ports?: readonly PortRange[];
  /** The rule's own expressions decide whether it matches. */
  readonly isPartial: boolean;
  /** Those of `all` and `none` that are nets of the rule; the others are IP sets. */
  readonly nets?: readonly Criterion[];
}

/** What the rule asks of the peer. */
export function* idsOf({ all, none }: Shape): Generator<string> {
  yield* all;
  yield* none;
}

export function criterionOf({ nets }: Shape, id: string): Criterion {
  return nets?.find((criterion) => criterion.id === id) ?? { id };
}

export interface ShapeContext {
  readonly family: Family;
  /** The side of the packet that the peer is on. */
  readonly peer: Side;
  /** False for an IP set that does not partition addresses: it has too many CIDRs. */
  readonly isCriterion: (setId: string) => boolean;
}

const icmpOf = { 4: 1, 6: 58 } as const;
const nobody: readonly never[] = [];
const everything: Shape = { all: nobody, none: nobody, isPartial: false };

/** The shape is the same in both families. */
export function isOfBothFamilies(rule: Rule | undefined): boolean {
  if (rule === undefined) return true;
  const { ipVersion, icmp, notIcmp, protocol, src, dst } = rule;
  if (ipVersion !== undefined || icmp !== undefined || notIcmp !== undefined) return false;
  if (protocol === icmpOf[4] || protocol === icmpOf[6]) return false;
  return [src.nets, src.notNets, dst.nets, dst.notNets].every(isEmpty);
}

/** Undefined when no packet of the family can match. */
export function shapeOf({ rule }: Entry, context: ShapeContext): Shape | undefined {
  if (rule === undefined) return everything;
  const { family, peer } = context;
  const own = peer === 'src' ? 'dst' : 'src';
  const other = family === 4 ? 6 : 4;
  if (rule.ipVersion === other || rule.protocol === icmpOf[other]) return undefined;
  const isIcmp = rule.icmp !== undefined || rule.notIcmp !== undefined;
  const protocol = rule.protocol ?? (isIcmp ? icmpOf[family] : undefined);
  const peers = peersOf(rule[peer], context);
  if (peers === undefined || !hasNets(rule[own], family)) return undefined;
  const arePortsKnown = rule.protocol !== undefined && isEmpty(rule.dst.namedPortSets);
  const ports = arePortsKnown ? portsOf(rule.dst) : undefined;
  if (ports?.length === 0) return undefined;
  const hasOtherPorts = !arePortsKnown && !(isEmpty(rule.dst.ports) && isEmpty(rule.dst.notPorts));
  return {
    all: peers.all,
    none: peers.none,
    ...(peers.nets === undefined ? {} : { nets: peers.nets }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(rule.notProtocol === undefined ? {} : { notProtocol: rule.notProtocol }),
    ...(ports === undefined ? {} : { ports }),
    isPartial: isIcmp || peers.isPartial || hasOtherPorts || hasRest(rule, own),
  };
}

/** Criteria that the packet has to be asked for. */
function hasRest({ src, dst }: Rule, own: Side): boolean {
  const side = own === 'src' ? src : dst;
  const lists = [side.nets, side.notNets, side.sets, side.notSets, src.ports, src.notPorts, src.namedPortSets];
  return [
    ...lists,
    src.notNamedPortSets,
    src.serviceSets,
    dst.namedPortSets,
    dst.notNamedPortSets,
    dst.serviceSets,
  ].some((list) => !isEmpty<unknown>(list));
}

function isEmpty<T>(list: readonly T[] | undefined): list is undefined {
  return list === undefined || list.length === 0;
}

function netsOf(nets: readonly string[] | undefined, family: Family): string[] {
  return (nets ?? []).filter((net) => net.includes(':') === (family === 6));
}

/** A family with no entry in a list of nets, also in a negated one, does not match at all. */
function hasNets(side: RuleSide, family: Family): boolean {
  return [side.nets, side.notNets].every((nets) => isEmpty(nets) || netsOf(nets, family).length > 0);
}

interface Peers {
  readonly all: readonly string[];
  readonly none: readonly string[];
  readonly nets?: readonly Criterion[];
  readonly isPartial: boolean;
}

function peersOf(side: RuleSide, context: ShapeContext): Peers | undefined {
  const { family, isCriterion } = context;
  if (!hasNets(side, family)) return undefined;
  const nets = netsOf(side.nets, family);
  const notNets = netsOf(side.notNets, family);
  if (notNets.some(isAny)) return undefined;
  const within = nets.length > 0 && !nets.some(isAny) ? [netsCriterion(nets)] : nobody;
  const without = notNets.length > 0 ? [netsCriterion(notNets)] : nobody;
  const asked = [...within, ...without];
  return {
    all: idsIn(side.sets, within, isCriterion),
    none: idsIn(side.notSets, without, isCriterion),
    ...(asked.length === 0 ? {} : { nets: asked }),
    isPartial: [...(side.sets ?? []), ...(side.notSets ?? [])].some((id) => !isCriterion(id)),
  };
}

/** Nearly always the rule's own list. */
function idsIn(
  sets: readonly string[] = nobody,
  nets: readonly Criterion[],
  isCriterion: (setId: string) => boolean,
): readonly string[] {
  if (nets.length === 0 && sets.every(isCriterion)) return sets;
  return [...sets.filter(isCriterion), ...nets.map(({ id }) => id)].slice();
}

function isAny(net: string): boolean {
  return parsePrefix(net)?.length === 0;
}

function netsCriterion(unsorted: readonly string[]): Criterion {
  const nets = [...new Set(unsorted)].sort();
  return { id: contentName('nets', nets), nets };
}

const portMax = 0xffff;

/** What is left of the ports; undefined when the rule does not ask. */
function portsOf({ ports, notPorts }: RuleSide): readonly PortRange[] | undefined {
  if (isEmpty(ports) && isEmpty(notPorts)) return undefined;
  if (isEmpty(notPorts) && ports?.length === 1) return ports;
  const wanted = isEmpty(ports) ? [{ first: 0, last: portMax }] : mergeRanges(ports);
  return isEmpty(notPorts) ? wanted : subtract(wanted, mergeRanges(notPorts));
}

/** Both disjoint and ascending. */
function subtract(from: readonly PortRange[], holes: readonly PortRange[]): PortRange[] {
  const rest: PortRange[] = [];
  for (const { first, last } of from) {
    let next = first;
    for (const hole of holes) {
      if (hole.last < next || hole.first > last) continue;
      if (hole.first > next) rest.push({ first: next, last: hole.first - 1 });
      next = hole.last + 1;
    }
    if (next <= last) rest.push({ first: next, last });
  }
  return rest;
}
