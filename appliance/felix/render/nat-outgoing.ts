/** NAT for what leaves the pools: from a pool with natOutgoing to anything that is no pool. Pure. Source: felix, cali-nat-outgoing. */
import type { Expression } from '../../kernel/netlink/expression.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import type { IpPool } from '../model/messages.ts';
import type { Rule, RuleSide } from '../model/policy.ts';
import type { Family } from './match.ts';
import { count, interfaceKey, matchProtocol, netShort } from './match.ts';
import type { RenderContext } from './policy.ts';
import type { ListSet, RenderedChain, RenderedRule } from './rendered.ts';
import { renderRuleMatch } from './rule-match.ts';

/** IP sets of our own, kept like the graph's. */
export const natSets = {
  masqueraded: 'own:nat-outgoing-pools',
  pools: 'own:all-pools',
  hosts: 'own:all-hosts',
} as const;
export const natCounter = 'nat-outgoing';

const TCP = 6;
const UDP = 17;

/** Every new connection is asked where it comes from: against so many pools its address is compared, more are a set. */
const comparedMax = 4;
const families: readonly Family[] = [4, 6];

/** `pools`: CIDRs of those with natOutgoing, in order. */
export function renderNatOutgoing(pools: readonly string[], context: RenderContext): RenderedChain {
  const exclusions: string[] = [natSets.pools];
  if (context.config.natOutgoingExclusions === 'IPPoolsAndHostIPs') exclusions.push(natSets.hosts);
  const rules: RenderedRule[] = [];
  const lists: ListSet[] = [];
  const setIds = new Set<string>();
  const netSets = new Set<string>();
  for (const ipVersion of families) {
    for (const src of sourcesOf(pools, ipVersion)) {
      const rule: Rule = { action: 'allow', ipVersion, src, dst: { notSets: exclusions } };
      const match = renderRuleMatch(rule, context.factsOf);
      for (const id of match.setIds) setIds.add(id);
      for (const set of match.netSets) netSets.add(set);
      for (const alternative of match.alternatives) rules.push(...renderActions(alternative, ipVersion, context));
    }
  }
  return { rules, setIds: [...setIds], lists, netSets: [...netSets] };
}

function sourcesOf(pools: readonly string[], family: Family): RuleSide[] {
  const own = pools.filter((cidr) => cidr.includes(':') === (family === 6));
  if (own.length > comparedMax) return [{ sets: [natSets.masqueraded] }];
  return own.map((cidr) => ({ nets: [cidr] }));
}

/** Pools that traffic may reach without NAT: all but those for load balancers only, disabled ones too. */
export function isReachablePool(pool: IpPool): boolean {
  return pool.allowedUses.length === 0 || pool.allowedUses.some((use) => use !== 'LoadBalancer');
}

function renderActions(match: readonly Expression[], family: Family, { config }: RenderContext): RenderedRule[] {
  const link = config.natOutgoingInterface;
  const head = [...match, ...(link === undefined ? [] : matchOutput(link))];
  const ports = config.natPortRange;
  const rules: RenderedRule[] = [];
  const add = (extra: readonly Expression[], action: readonly Expression[]) =>
    rules.push({
      label: `NAT outgoing IPv${family}`,
      expressions: [...head, ...extra, count(natCounter), ...action],
      counter: natCounter,
    });
  if (ports !== undefined) {
    for (const protocol of [TCP, UDP])
      add(matchProtocol(protocol), translate(config.natOutgoingAddress, family, ports));
  }
  add([], translate(config.natOutgoingAddress, family));
  return rules;
}

function matchOutput(name: string): Expression[] {
  return [
    { type: 'meta', key: 'oifname', register: 0 },
    { type: 'cmp', op: 'eq', register: 0, data: interfaceKey(name) },
  ];
}

function translate(
  address: string | undefined,
  family: Family,
  ports?: { readonly first: number; readonly last: number },
): Expression[] {
  const portLoads: Expression[] =
    ports === undefined
      ? []
      : [
          { type: 'load', register: 4, data: netShort(ports.first) },
          { type: 'load', register: 5, data: netShort(ports.last) },
        ];
  const portRegisters = ports === undefined ? {} : { portMin: 4, portMax: 5 };
  const fixed = address === undefined ? undefined : parseAddress(address);
  if (fixed === undefined || fixed.family !== family) {
    return [...portLoads, { type: 'masquerade', isFullyRandom: true, ...portRegisters }];
  }
  const load: Expression = { type: 'load', register: 0, data: fixed.bytes };
  return [load, ...portLoads, { type: 'nat', kind: 'snat', family, addressMin: 0, ...portRegisters }];
}
