/**
 * All rules of one family from what endpoints refer to: only chains that a hook leads to are in it. Pure.
 * What has not changed is not rendered again: chains are kept by what they were made of, and the same chain object means the same rules.
 */
import type { AddressNat, WorkloadEndpoint } from '../../model/endpoint.ts';
import type { Policy, PolicyId, ProfileRules } from '../../model/policy.ts';
import { printPolicyId } from '../../model/policy.ts';
import type { SpoofAllowance } from '../base-chains.ts';
import type { ListChain } from '../chain-spec.ts';
import type { DispatchMap, Entries } from '../dispatch.ts';
import type { HostDscp } from '../dscp.ts';
import { anyInterface } from '../host-resolution.ts';
import type { Direction } from '../names.ts';
import type { TunnelInputs } from '../tunnel-rules.ts';
import type { BaseInputs, Hook, HostDispatch } from './base.ts';
import { renderBase, renderHooks } from './base.ts';
import type { IptablesContext } from './context.ts';
import { denyTarget } from './context.ts';
import { renderDispatch } from './dispatch.ts';
import { renderEndpointChain } from './endpoint.ts';
import { renderFailsafes } from './failsafe.ts';
import { renderDscp, renderLimits } from './limits.ts';
import * as names from './names.ts';
import { renderNatOutgoing } from './nat-outgoing.ts';
import { renderMarkChains, renderPolicy, renderProfile } from './policy.ts';
import type { PrintedChain } from './print-chain.ts';
import { printChain } from './print-chain.ts';
import type { IptablesChain, IptablesRule, NetList, TableName } from './rule.ts';
import { goTo, rule, tableNames } from './rule.ts';

/** What the rules are made of, beside the settings. */
export interface RulesetContent {
  /** Interface name or `*` -> what its endpoint puts in each stage. */
  readonly entries: ReadonlyMap<string, Entries>;
  /** As it is to be enforced: what the kernel refused is not in it. */
  readonly policyOf: (id: PolicyId) => Policy | undefined;
  readonly profileOf: (name: string) => ProfileRules | undefined;
  /** Rules of a policy or profile that the kernel does not take. */
  readonly refusedOf: (owner: ChainOwner) => ReadonlySet<number> | undefined;
  readonly spoofAllowances: readonly SpoofAllowance[];
  readonly hasNatPools: boolean;
  readonly floatingIps: readonly AddressNat[];
  readonly tunnels: TunnelInputs;
  /** That speak for their interfaces. */
  readonly workloads: ReadonlyMap<string, WorkloadEndpoint>;
  readonly hasPools: boolean;
  readonly hostDscps: readonly HostDscp[];
  /** Canonical, in order. */
  readonly serviceCidrs: readonly string[];
}

/** Whose rules a chain holds. */
export type ChainOwner = { readonly direction: Direction } & (
  | { readonly type: 'policy'; readonly id: PolicyId }
  | { readonly type: 'profile'; readonly profile: string }
);

export interface DesiredChain extends PrintedChain {
  readonly chain: IptablesChain;
  readonly owner?: ChainOwner;
}

export interface DesiredTable {
  readonly chains: ReadonlyMap<string, DesiredChain>;
  readonly hooks: readonly Hook[];
}

export interface Ruleset {
  readonly tables: Readonly<Record<TableName, DesiredTable>>;
  readonly setIds: ReadonlySet<string>;
  readonly lists: ReadonlyMap<string, NetList>;
}

interface Placement {
  readonly table: TableName;
  readonly kind: Parameters<typeof names.endpointChain>[0];
  readonly root: string;
  readonly childPrefix: string;
  readonly option: '-i' | '-o';
}

const placements: Readonly<Record<DispatchMap, Placement>> = {
  'from-workload': workload('fw', 'cali-from-wl-dispatch', 'cali-fwl-', '-i'),
  'to-workload': workload('tw', 'cali-to-wl-dispatch', 'cali-twl-', '-o'),
  'host-untracked-in': fromHost('raw'),
  'host-untracked-out': toHost('raw'),
  'host-pre-dnat': fromHost('mangle'),
  'host-in': fromHost('filter'),
  'host-out': toHost('filter'),
  'host-out-deferred': toHost('mangle'),
  'host-forward-in': workload('fhfw', 'cali-from-hep-forward', 'cali-fhf-', '-i'),
  'host-forward-out': workload('thfw', 'cali-to-hep-forward', 'cali-thf-', '-o'),
};

function workload(kind: Placement['kind'], root: string, childPrefix: string, option: '-i' | '-o'): Placement {
  return { table: 'filter', kind, root, childPrefix, option };
}

function fromHost(table: TableName): Placement {
  return { table, kind: 'fh', root: 'cali-from-host-endpoint', childPrefix: 'cali-fhd-', option: '-i' };
}

function toHost(table: TableName): Placement {
  return { table, kind: 'th', root: 'cali-to-host-endpoint', childPrefix: 'cali-thd-', option: '-o' };
}

interface Kept {
  /** What the chain was made of; equal parts mean an equal chain. */
  readonly parts: readonly unknown[];
  readonly desired: DesiredChain;
}

export class RulesetRenderer {
  #context: IptablesContext | undefined;
  #kept = new Map<string, Kept>();
  #next = new Map<string, Kept>();

  /** Rests between chains. */
  *render(content: RulesetContent, context: IptablesContext): Generator<undefined, Ruleset> {
    if (context !== this.#context) this.#kept = new Map();
    this.#context = context;
    this.#next = new Map();
    const tables: Partial<Record<TableName, DesiredTable>> = {};
    const setIds = new Set<string>();
    const lists = new Map<string, NetList>();
    for (const table of tableNames) {
      tables[table] = yield* this.#renderTable(table, content, context);
      for (const { chain } of tables[table].chains.values()) {
        for (const id of chain.setIds) setIds.add(id);
        for (const list of chain.lists) lists.set(list.id, list);
      }
    }
    this.#kept = this.#next;
    return { tables: tables as Record<TableName, DesiredTable>, setIds, lists };
  }

  *#renderTable(
    table: TableName,
    content: RulesetContent,
    context: IptablesContext,
  ): Generator<undefined, DesiredTable> {
    const known = collect(table, content, context);
    const hooks = renderHooks(table, content.tunnels, context);
    const chains = new Map<string, DesiredChain>();
    const waiting = hooks.flatMap(({ rule: { leadsTo } }) => leadsTo ?? []);
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (chains.has(name)) continue;
      const desired = this.#chainOf(table, name, known, content, context);
      chains.set(name, desired);
      for (const { leadsTo } of desired.chain.rules) if (leadsTo !== undefined) waiting.push(leadsTo);
      yield;
    }
    return { chains, hooks };
  }

  #chainOf(
    table: TableName,
    name: string,
    known: KnownChains,
    content: RulesetContent,
    context: IptablesContext,
  ): DesiredChain {
    const list = known.lists.get(name);
    const owner = known.owners.get(name);
    if (list !== undefined) {
      const staged = list.tiers.map(({ policies }) =>
        policies.map(({ id }) => content.policyOf(id)?.isStaged === true),
      );
      const make = () => renderEndpointChain(list, { table, policyOf: content.policyOf }, context);
      return this.#keep(table, name, [list.name, staged.join(';')], undefined, make);
    }
    if (owner !== undefined) return this.#ownedChain(table, name, owner, content, context);
    const chain = known.fixed.get(name) ?? { rules: [], setIds: [], lists: [] };
    return { chain, ...printChain(name, chain) };
  }

  #ownedChain(
    table: TableName,
    name: string,
    owner: ChainOwner,
    content: RulesetContent,
    context: IptablesContext,
  ): DesiredChain {
    const use = { table, refused: content.refusedOf(owner) };
    const { direction } = owner;
    if (owner.type === 'policy') {
      const policy = content.policyOf(owner.id);
      const make = () => renderPolicy(owner.id, policy, direction, use, context);
      return this.#keep(table, name, [policy, refusedText(use.refused)], owner, make);
    }
    const profile = content.profileOf(owner.profile);
    const make = () => renderProfile(owner.profile, profile, direction, use, context);
    return this.#keep(table, name, [profile, refusedText(use.refused)], owner, make);
  }

  #keep(
    table: TableName,
    name: string,
    parts: readonly unknown[],
    owner: ChainOwner | undefined,
    make: () => IptablesChain,
  ): DesiredChain {
    const key = `${table} ${name}`;
    const before = this.#kept.get(key);
    const isSame = before?.parts.every((part, i) => part === parts[i]) === true;
    const kept = isSame ? before : { parts, desired: describe(name, make(), owner) };
    this.#next.set(key, kept);
    return kept.desired;
  }
}

function describe(name: string, chain: IptablesChain, owner: ChainOwner | undefined): DesiredChain {
  return { chain, ...printChain(name, chain), ...(owner === undefined ? {} : { owner }) };
}

function refusedText(refused: ReadonlySet<number> | undefined): string {
  return refused === undefined ? '' : [...refused].sort().join(',');
}

/** What each chain's name stands for in a table. */
interface KnownChains {
  readonly fixed: Map<string, IptablesChain>;
  readonly lists: Map<string, ListChain>;
  readonly owners: Map<string, ChainOwner>;
}

function collect(table: TableName, content: RulesetContent, context: IptablesContext): KnownChains {
  const known: KnownChains = { fixed: new Map(), lists: new Map(), owners: new Map() };
  const trees = new Map<string, { placement: Placement; targets: Map<string, string>; any?: string }>();
  for (const [map, placement] of Object.entries(placements) as [DispatchMap, Placement][]) {
    if (placement.table !== table) continue;
    const tree = { placement, targets: new Map<string, string>() };
    trees.set(placement.root, tree);
    for (const [interfaceName, entries] of content.entries) {
      const list = entries.get(map);
      if (list === undefined) continue;
      addEndpoint(known, tree, interfaceName, list);
    }
  }
  for (const { placement, targets, any } of trees.values()) {
    const end = endOf(placement, any, context);
    const dispatch = renderDispatch({ ...placement, targets, end });
    for (const [name, chain] of dispatch) known.fixed.set(name, chain);
  }
  const inputs = baseInputs(table, known.fixed, content, context);
  const parts = [renderBase(table, inputs, context), renderFailsafes(table, context), renderMarkChains(table, context)];
  for (const part of parts) for (const [name, chain] of part) known.fixed.set(name, chain);
  return known;
}

function addEndpoint(
  known: KnownChains,
  tree: { placement: Placement; targets: Map<string, string>; any?: string },
  interfaceName: string,
  list: ListChain,
): void {
  const isAny = interfaceName === anyInterface;
  if (!isAny && !names.isNameableInterface(interfaceName)) return;
  const chain = names.endpointChain(tree.placement.kind, isAny ? undefined : interfaceName);
  known.lists.set(chain, list);
  if (isAny) tree.any = chain;
  else tree.targets.set(interfaceName, chain);
  for (const { policies } of list.tiers) {
    for (const { id, direction } of policies) {
      known.owners.set(names.policyChain(id, direction), { type: 'policy', id, direction });
    }
  }
  for (const { profile, direction } of list.profiles) {
    known.owners.set(names.profileChain(profile, direction), { type: 'profile', profile, direction });
  }
}

/** A workload's link that is not known carries nothing; a host's link without an endpoint is the `*` endpoint's, if there is one. */
function endOf({ kind }: Placement, any: string | undefined, context: IptablesContext): IptablesRule[] {
  if (kind === 'fw' || kind === 'tw') return [rule([], denyTarget('filter', context), 'unknown interface')];
  return any === undefined ? [] : [goTo(any)];
}

const hostDispatches: readonly HostDispatch[] = [
  'cali-from-host-endpoint',
  'cali-to-host-endpoint',
  'cali-from-hep-forward',
  'cali-to-hep-forward',
];

function baseInputs(
  table: TableName,
  fixed: ReadonlyMap<string, IptablesChain>,
  content: RulesetContent,
  context: IptablesContext,
): BaseInputs {
  const filled = new Set(hostDispatches.filter((name) => (fixed.get(name)?.rules.length ?? 0) > 0));
  const nothing: ReadonlySet<HostDispatch> = new Set();
  return {
    filled: { raw: nothing, mangle: nothing, nat: nothing, filter: nothing, [table]: filled },
    spoofAllowances: content.spoofAllowances,
    serviceCidrs: content.serviceCidrs,
    natOutgoing: renderNatOutgoing(content.hasNatPools, context),
    floatingIps: content.floatingIps,
    tunnels: content.tunnels,
    limits: table === 'filter' ? renderLimits(content.workloads.values()) : { from: [], to: [] },
    dscp:
      table === 'mangle'
        ? renderDscp({ workloads: content.workloads.values(), hosts: content.hostDscps }, content.hasPools, context)
        : [],
  };
}

/** A name for messages and for the record of refusals. */
export function ownerText(owner: ChainOwner): string {
  return owner.type === 'policy' ? printPolicyId(owner.id) : `profile/${owner.profile}`;
}
