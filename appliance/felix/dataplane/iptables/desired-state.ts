/**
 * What iptables and ipset are to hold, made from the messages so far: the content is kept, and both families' rules are a function of it. Pure.
 * The outcome depends on the present content only, never on the order it came in.
 */
import type { FelixConfig } from '../../model/config.ts';
import type { HostEndpoint, WorkloadEndpoint, WorkloadEndpointId } from '../../model/endpoint.ts';
import { printWorkloadEndpointId } from '../../model/endpoint.ts';
import type { HostMetadata, IpPool, Message } from '../../model/messages.ts';
import type { Policy, PolicyId, ProfileRules, Rule } from '../../model/policy.ts';
import { printPolicyId } from '../../model/policy.ts';
import type { SpoofAllowance } from '../../render/base-chains.ts';
import type { Entries } from '../../render/dispatch.ts';
import { renderHostEntries, renderWorkloadEntries } from '../../render/dispatch.ts';
import { hostDscps } from '../../render/dscp.ts';
import { resolveFloatingIps } from '../../render/floating-ips.ts';
import type { HostInterface } from '../../render/host-resolution.ts';
import { anyInterface, resolveHostEndpoints } from '../../render/host-resolution.ts';
import type { IptablesContext } from '../../render/iptables/context.ts';
import { natSets } from '../../render/iptables/nat-outgoing.ts';
import type { ChainOwner, Ruleset, RulesetContent } from '../../render/iptables/ruleset.ts';
import { ownerText, RulesetRenderer } from '../../render/iptables/ruleset.ts';
import { tunnelSetIds } from '../../render/iptables/tunnel-rules.ts';
import { allotMarks } from '../../render/marks.ts';
import type { Family } from '../../render/match.ts';
import { isReachablePool } from '../../render/nat-outgoing.ts';
import { tunnelSets } from '../../render/tunnel-rules.ts';
import type { FlowWorld } from '../flows/places.ts';
import type { LocalEndpoints, LocalWorkload } from '../linux/local-endpoints.ts';
import { isTunnelMessage, type TunnelMessage, TunnelState } from '../linux/overlay/tunnel-state.ts';
import { MultiMap } from '../multi-map.ts';
import { RefusedPolicies } from '../nftables/refused-policies.ts';
import { SetState } from './set-state.ts';
import type { RuleRefusal } from './table-writer.ts';

type Rest<Value = void> = Generator<undefined, Value>;
type SetMessageType = 'ip-set-update' | 'ip-set-delta' | 'ip-set-remove';

interface KeptEntries {
  readonly endpoint: WorkloadEndpoint | HostEndpoint;
  readonly entries: Entries;
}

export class IptablesState implements LocalEndpoints {
  readonly sets = new SetState();
  readonly refused = new RefusedPolicies();
  readonly workloads = new Map<string, LocalWorkload>();
  readonly hostEndpoints = new Map<string, HostEndpoint>();
  resolution: ReadonlyMap<string, string> = new Map();
  /** For everything that asks for marks: its mark mask is that of iptables. */
  config: FelixConfig | undefined;
  isInSync = false;

  readonly tunnels: TunnelState;

  readonly #policies = new Map<string, { readonly id: PolicyId; readonly policy: Policy }>();
  readonly #profiles = new Map<string, ProfileRules>();
  readonly #pools = new Map<string, IpPool>();
  readonly #serviceCidrs = new Set<string>();
  readonly #hosts = new Map<string, HostMetadata>();
  readonly #claims = new MultiMap();
  readonly #renderers = { 4: new RulesetRenderer(), 6: new RulesetRenderer() };
  #contexts: Readonly<Record<Family, IptablesContext>> | undefined;
  #entries = new Map<string, KeptEntries>();
  #rulesets: Readonly<Record<Family, Ruleset>> | undefined;
  #lists: ReadonlySet<string> = new Set();
  /** Ids of sets that the kernel does not take: rules that name them are refused. */
  #refusedSets: ReadonlyMap<string, string> = new Map();
  #areRulesDirty = true;

  constructor(hostname: string) {
    this.tunnels = new TunnelState(hostname);
  }

  *accept(message: Message): Rest {
    if (this.tunnels.take(message)) this.#areRulesDirty = true;
    if (isTunnelMessage(message)) return;
    if (message.type === 'ip-set-update') yield* this.sets.replace(message.id, message.setType, message.members);
    else if (message.type === 'ip-set-delta') yield* this.sets.change(message.id, message.added, message.removed);
    else if (message.type === 'ip-set-remove') this.sets.remove(message.id);
    else {
      (this.#takers[message.type] as (message: Message) => void)(message);
      this.#areRulesDirty = true;
    }
  }

  markInterfacesChanged(): void {
    if (this.hostEndpoints.size > 0) this.#areRulesDirty = true;
  }

  /** Both families' rules as the content wants them, and the sets that only rules need. */
  *settle(interfaces: () => Iterable<HostInterface>): Rest<Readonly<Record<Family, Ruleset>>> {
    if (!this.#areRulesDirty && this.#rulesets !== undefined) return this.#rulesets;
    const config = this.config as FelixConfig;
    this.resolution = resolveHostEndpoints(this.hostEndpoints, interfaces(), config);
    this.#settleEntries();
    yield* this.#settlePools(config);
    yield* this.#settleTunnels(config);
    const contexts = this.#contextsOf(config);
    const rulesets = {
      4: yield* this.#renderers[4].render(this.#contentFor(4, config), contexts[4]),
      6: yield* this.#renderers[6].render(this.#contentFor(6, config), contexts[6]),
    };
    yield* this.#settleLists(rulesets);
    this.#areRulesDirty = false;
    this.#rulesets = rulesets;
    return rulesets;
  }

  *workloadsOn(interfaceName: string): Generator<LocalWorkload> {
    for (const claim of this.#claims.get(interfaceName)) {
      const workload = this.workloads.get(claim);
      if (workload !== undefined) yield workload;
    }
  }

  workloadOf(interfaceName: string): LocalWorkload | undefined {
    const [first] = [...this.#claims.get(interfaceName)].sort();
    return first === undefined ? undefined : this.workloads.get(first);
  }

  /** As it is enforced. */
  policyOf(id: PolicyId): Policy | undefined {
    const text = printPolicyId(id);
    return this.refused.substituteOf(text) ?? this.#policies.get(text)?.policy;
  }

  profileOf(name: string): ProfileRules | undefined {
    return this.#profiles.get(name);
  }

  /** The workload that speaks for each interface that has one. */
  *speakers(): Generator<WorkloadEndpoint> {
    for (const name of new Set(Array.from(this.workloads.values(), ({ endpoint }) => endpoint.interfaceName))) {
      const endpoint = this.workloadOf(name)?.endpoint;
      if (endpoint !== undefined) yield endpoint;
    }
  }

  /** As of the last `settle()`. */
  rulesetOf(family: Family): Ruleset | undefined {
    return this.#rulesets?.[family];
  }

  get rulesets(): readonly Ruleset[] {
    return this.#rulesets === undefined ? [] : Object.values(this.#rulesets);
  }

  /** For judging live flows. */
  flowWorld(): FlowWorld {
    const state = this;
    return {
      get config() {
        return state.config;
      },
      get resolution() {
        return state.resolution;
      },
      hostEndpoints: this.hostEndpoints,
      speakers: () => this.speakers(),
      policyOf: (id) => this.policyOf(id),
      profileOf: (name) => this.profileOf(name),
      membersOf: (id) => this.sets.membersOf(id),
    };
  }

  /** Rules the kernel does not take. */
  refuse(refusals: readonly RuleRefusal[]): void {
    for (const { owner, index, problem } of refusals) {
      this.refused.add(ownerText(owner), owner.direction, index, problem);
    }
    this.#areRulesDirty = true;
  }

  /** True when that changes which rules can be written. */
  refuseSets(problems: ReadonlyMap<string, string>): boolean {
    const key = (of: ReadonlyMap<string, string>) => [...of.keys()].sort().join(' ');
    if (key(problems) === key(this.#refusedSets)) return false;
    this.#refusedSets = problems;
    this.#areRulesDirty = true;
    return true;
  }

  /** Policies the kernel refuses (in part), with its words. */
  refusedPolicies(): Map<string, { id: PolicyId; problem: string }> {
    const policies = new Map<string, { id: PolicyId; problem: string }>();
    const problems = this.refused.problems();
    for (const [text, { id, policy }] of this.#policies) {
      const problem = problems.get(text) ?? this.#setProblemOf(policy);
      if (problem !== undefined) policies.set(text, { id, problem });
    }
    return policies;
  }

  markRefusedAgain(): void {
    this.refused.forgetAll();
    this.#areRulesDirty = true;
  }

  readonly #takers: {
    readonly [Type in Exclude<Message['type'], SetMessageType | TunnelMessage['type']>]: (
      message: Extract<Message, { type: Type }>,
    ) => void;
  } = {
    'config-update': ({ config }) => this.#takeConfig(config),
    'policy-update': ({ id, policy }) => this.#takePolicy(id, policy),
    'policy-remove': ({ id }) => this.#takePolicy(id, undefined),
    'profile-update': ({ name, profile }) => this.#takeProfile(name, profile),
    'profile-remove': ({ name }) => this.#takeProfile(name, undefined),
    'workload-endpoint-update': ({ id, endpoint }) => this.#takeWorkload(id, endpoint),
    'workload-endpoint-remove': ({ id }) => this.#takeWorkload(id, undefined),
    'host-endpoint-update': ({ id, endpoint }) => put(this.hostEndpoints, id.name, endpoint),
    'host-endpoint-remove': ({ id }) => put(this.hostEndpoints, id.name, undefined),
    'ip-pool-update': ({ id, pool }) => put(this.#pools, id, pool),
    'ip-pool-remove': ({ id }) => put(this.#pools, id, undefined),
    'service-cidr-update': ({ cidr }) => void this.#serviceCidrs.add(cidr),
    'service-cidr-remove': ({ cidr }) => void this.#serviceCidrs.delete(cidr),
    'host-metadata-update': ({ host, metadata }) => put(this.#hosts, host, metadata),
    'host-metadata-remove': ({ host }) => put(this.#hosts, host, undefined),
    'in-sync': () => {
      this.isInSync = true;
    },
  };

  #takeConfig(config: FelixConfig): void {
    this.config = { ...config, markMask: config.iptablesMarkMask };
    this.sets.maxElements = config.ipsetSizeMax;
    this.#contexts = undefined;
  }

  #takePolicy(id: PolicyId, policy: Policy | undefined): void {
    const text = printPolicyId(id);
    this.refused.onChange(text, this.#policies.get(text)?.policy);
    put(this.#policies, text, policy && { id, policy });
  }

  #takeProfile(name: string, profile: ProfileRules | undefined): void {
    this.refused.onChange(`profile/${name}`, undefined);
    put(this.#profiles, name, profile);
  }

  #takeWorkload(id: WorkloadEndpointId, endpoint: WorkloadEndpoint | undefined): void {
    const text = printWorkloadEndpointId(id);
    const before = this.workloads.get(text)?.endpoint.interfaceName;
    if (before !== undefined) this.#claims.delete(before, text);
    if (endpoint !== undefined) this.#claims.add(endpoint.interfaceName, text);
    put(this.workloads, text, endpoint && { id, endpoint });
  }

  #contextsOf(config: FelixConfig): Readonly<Record<Family, IptablesContext>> {
    const marks = allotMarks(config.iptablesMarkMask);
    this.#contexts ??= { 4: { config, marks, family: 4 }, 6: { config, marks, family: 6 } };
    return this.#contexts;
  }

  /** Endpoints that have not changed keep their entries. */
  #settleEntries(): void {
    const before = this.#entries;
    this.#entries = new Map();
    const keep = (name: string, endpoint: WorkloadEndpoint | HostEndpoint, render: () => Entries) => {
      const known = before.get(name);
      this.#entries.set(name, known?.endpoint === endpoint ? known : { endpoint, entries: render() });
    };
    for (const endpoint of this.speakers()) {
      keep(endpoint.interfaceName, endpoint, () => renderWorkloadEntries(endpoint, false));
    }
    for (const [name, owner] of this.resolution) {
      const endpoint = this.hostEndpoints.get(owner);
      if (endpoint !== undefined) keep(name, endpoint, () => renderHostEntries(endpoint, name === anyInterface, false));
    }
  }

  *#settlePools(config: FelixConfig): Rest {
    const pools = [...this.#pools.values()];
    const areHostsExcluded = config.natOutgoingExclusions === 'IPPoolsAndHostIPs';
    const nets: readonly (readonly [string, readonly string[]])[] = [
      [natSets.masqueraded, pools.filter(({ natOutgoing }) => natOutgoing).map(({ cidr }) => cidr)],
      [natSets.pools, pools.filter(isReachablePool).map(({ cidr }) => cidr)],
      [natSets.hosts, areHostsExcluded ? [...this.#hosts.values()].flatMap(hostNets) : []],
    ];
    for (const [id, members] of nets) {
      if (members.length > 0 || pools.length > 0) yield* this.sets.replace(id, 'net', members);
      else this.sets.remove(id);
    }
  }

  /** A set that rules name is there, be it empty. */
  *#settleTunnels(config: FelixConfig): Rest {
    const { isVxlan, isIpip } = this.tunnels.ruleInputs(config);
    const isNamed: Readonly<Record<string, boolean>> = { [tunnelSets.vxlan]: isVxlan, [tunnelSets.ipip]: isIpip };
    for (const [id, nets] of this.tunnels.ruleSets(config)) {
      const name = tunnelSetIds[id] as string;
      if (isNamed[id] === true) yield* this.sets.replace(name, 'net', nets);
      else this.sets.remove(name);
    }
  }

  /** Sets of lists of nets come and go with the rules that name them. */
  *#settleLists(rulesets: Readonly<Record<Family, Ruleset>>): Rest {
    const present = new Set<string>();
    for (const family of [4, 6] as const) {
      for (const [id, { nets }] of rulesets[family].lists) {
        present.add(id);
        if (!this.#lists.has(id)) yield* this.sets.replace(id, 'net', nets, [family]);
      }
    }
    for (const id of this.#lists) if (!present.has(id)) this.sets.remove(id);
    this.#lists = present;
  }

  #contentFor(family: Family, config: FelixConfig): RulesetContent {
    const pools = [...this.#pools.values()];
    return {
      serviceCidrs: [...this.#serviceCidrs].sort(),
      entries: new Map(Array.from(this.#entries, ([name, { entries }]) => [name, entries])),
      policyOf: (id) => this.policyOf(id),
      profileOf: (name) => this.profileOf(name),
      refusedOf: (owner) => this.#refusedRules(owner),
      spoofAllowances: config.isSourceSpoofingAllowed ? this.#spoofAllowances() : [],
      tunnels: this.tunnels.ruleInputs(config),
      workloads: new Map(Array.from(this.speakers(), (endpoint) => [endpoint.interfaceName, endpoint])),
      hasPools: pools.length > 0,
      hostDscps: hostDscps(this.hostEndpoints),
      floatingIps: config.areFloatingIpsEnabled ? resolveFloatingIps(this.speakers()) : [],
      hasNatPools: pools.some(({ natOutgoing, cidr }) => natOutgoing && cidr.includes(':') === (family === 6)),
    };
  }

  #refusedRules(owner: ChainOwner): ReadonlySet<number> | undefined {
    const refused = this.refused.rulesOf(ownerText(owner), owner.direction);
    if (this.#refusedSets.size === 0) return refused;
    const source =
      owner.type === 'policy' ? this.#policies.get(printPolicyId(owner.id))?.policy : this.#profiles.get(owner.profile);
    const rules = (owner.direction === 'ingress' ? source?.inbound : source?.outbound) ?? [];
    const all = new Set(refused);
    rules.forEach((rule, index) => {
      if (setsOf(rule).some((id) => this.#refusedSets.has(id))) all.add(index);
    });
    return all.size === 0 ? undefined : all;
  }

  #setProblemOf({ inbound, outbound }: Policy): string | undefined {
    if (this.#refusedSets.size === 0) return undefined;
    const ids = [...inbound, ...outbound].flatMap(setsOf);
    const id = ids.find((each) => this.#refusedSets.has(each));
    return id === undefined ? undefined : this.#refusedSets.get(id);
  }

  #spoofAllowances(): SpoofAllowance[] {
    return [...this.#entries.keys()].sort().flatMap((interfaceName) => {
      const prefixes = this.workloadOf(interfaceName)?.endpoint.allowSpoofedSourcePrefixes ?? [];
      return prefixes.length === 0 ? [] : [{ interfaceName, prefixes }];
    });
  }
}

function put<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function setsOf({ src, dst }: Rule): readonly string[] {
  return [src, dst].flatMap((side) => [
    ...(side.sets ?? []),
    ...(side.notSets ?? []),
    ...(side.namedPortSets ?? []),
    ...(side.notNamedPortSets ?? []),
    ...(side.serviceSets ?? []),
  ]);
}

function hostNets({ ipv4Address, ipv6Address }: HostMetadata): string[] {
  const nets: string[] = [];
  if (ipv4Address !== undefined) nets.push(`${ipv4Address}/32`);
  if (ipv6Address !== undefined) nets.push(`${ipv6Address}/128`);
  return nets;
}
