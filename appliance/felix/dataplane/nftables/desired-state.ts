/**
 * What the kernel is to hold, made from the messages so far: a message marks what it touches, `settle()` works the marks off. Pure.
 * The outcome depends on the present content only, never on the order it came in.
 */
import type { FelixConfig } from '../../model/config.ts';
import type { HostEndpoint, WorkloadEndpoint, WorkloadEndpointId } from '../../model/endpoint.ts';
import { printWorkloadEndpointId } from '../../model/endpoint.ts';
import type { HostMetadata, IpPool, Message } from '../../model/messages.ts';
import type { Policy, PolicyId, ProfileRules } from '../../model/policy.ts';
import { printPolicyId } from '../../model/policy.ts';
import { isWorkloadLink } from '../../model/workload-link.ts';
import type { BaseInputs } from '../../render/base-chains.ts';
import { baseChains, baseCounters, renderBaseChains } from '../../render/base-chains.ts';
import type { ChainSpec, ListChain } from '../../render/chain-spec.ts';
import { renderDecision } from '../../render/compiled/decision.ts';
import { EntryMaker, KnownEntries } from '../../render/compiled/entry.ts';
import { isMemberMap } from '../../render/compiled/layout.ts';
import { renderStageChain } from '../../render/compiled/stage-chain.ts';
import type { Entries, InterfaceMap, LimitedEntries } from '../../render/dispatch.ts';
import { dispatchMaps, renderHostEntries, renderLimitEntries, renderWorkloadEntries } from '../../render/dispatch.ts';
import { type DscpChain, hostDscps, renderDscpChain, renderHostDscps } from '../../render/dscp.ts';
import { endpointCounters, renderListChain, renderTierChain } from '../../render/endpoint-chain.ts';
import { renderFailsafes } from '../../render/failsafe.ts';
import { resolveFloatingIps } from '../../render/floating-ips.ts';
import type { HostInterface } from '../../render/host-resolution.ts';
import { anyInterface, resolveHostEndpoints } from '../../render/host-resolution.ts';
import { isLimitMap, type LimitChain, renderLimitChain } from '../../render/limits.ts';
import { allotMarks } from '../../render/marks.ts';
import type { Direction } from '../../render/names.ts';
import { isReachablePool, natCounter, natSets, renderNatOutgoing } from '../../render/nat-outgoing.ts';
import type { RenderContext } from '../../render/policy.ts';
import { hasPass, refusedProfile, renderPolicy, renderProfile } from '../../render/policy.ts';
import type { RenderedChain } from '../../render/rendered.ts';
import { isTunnelMessage, type TunnelMessage, TunnelState } from '../linux/overlay/tunnel-state.ts';
import { ChainStore } from './chain-store.ts';
import { ClassIndex } from './class-index.ts';
import { CompiledLists } from './compiled-lists.ts';
import { Counted } from './counted.ts';
import { DispatchStore } from './dispatch-store.ts';
import type { RuleOwners } from './hits.ts';
import { MapStore } from './map-store.ts';
import { MemberStore } from './member-store.ts';
import { RefusedPolicies } from './refused-policies.ts';
import { finish, type Work } from './work.ts';

type SetMessageType = 'ip-set-update' | 'ip-set-delta' | 'ip-set-remove';

export interface LocalWorkload {
  readonly id: WorkloadEndpointId;
  readonly endpoint: WorkloadEndpoint;
}

export interface DesiredStateOptions {
  /** This host's name. */
  readonly hostname?: string;
  /** See MemberStore. */
  readonly hashedLengthMin?: number | undefined;
  /** Every list is a chain of rules; nothing is compiled. */
  readonly isLinear?: boolean | undefined;
  /** Cells beyond which a list stays linear. */
  readonly compiledCostMax?: number | undefined;
}

export class DesiredState {
  readonly counters = new Counted();
  readonly netSets = new Counted();
  readonly dispatch = new DispatchStore();
  /** Maps of compiled lists. */
  readonly maps = new MapStore();
  readonly refused = new RefusedPolicies();
  readonly members: MemberStore;
  readonly chains: ChainStore;
  readonly workloads = new Map<string, LocalWorkload>();
  readonly hostEndpoints = new Map<string, HostEndpoint>();
  readonly tunnels: TunnelState;
  /** Interface name or `*` -> host endpoint, as of the last `settle()`. */
  resolution: ReadonlyMap<string, string> = new Map();
  config: FelixConfig | undefined;
  isInSync = false;
  /** Live flows were found denied, and are marked so. */
  hasSuspects = false;

  readonly #classes: ClassIndex;
  readonly #lists: CompiledLists;
  #knownEntries = new KnownEntries();
  #filledMaps: ReadonlySet<string> = new Set();
  readonly #policies = new Map<string, { readonly id: PolicyId; readonly policy: Policy }>();
  readonly #profiles = new Map<string, ProfileRules>();
  readonly #pools = new Map<string, IpPool>();
  readonly #hosts = new Map<string, HostMetadata>();
  readonly #serviceCidrs = new Set<string>();
  readonly #workloadsOfInterface = new Map<string, Set<string>>();
  /** Links of workloads that are there. */
  #workloadLinks: readonly string[] = [];
  readonly #entries = new Map<string, LimitedEntries>();
  readonly #dirtyInterfaces = new Set<string>();
  readonly #dirtyHostEndpoints = new Set<string>();
  #areHostsDirty = false;
  #arePoolsDirty = true;
  #areTunnelsDirty = true;
  #isBaseDirty = true;

  constructor({ hashedLengthMin, isLinear = false, compiledCostMax, hostname = '' }: DesiredStateOptions = {}) {
    this.tunnels = new TunnelState(hostname);
    this.members = new MemberStore({
      netSets: this.netSets,
      hashedLengthMin,
      onMembers: (id, members, isAdded) => this.#classes.onMembers(id, members, isAdded),
      onCriterion: () => this.#lists.markAll(),
      onFactsChanged: (id) => {
        this.chains.markSetUsers(id);
        if (id.startsWith('own:')) this.#isBaseDirty = true;
      },
    });
    this.chains = new ChainStore({
      counters: this.counters,
      netSets: this.netSets,
      acquireSet: (id) => this.members.acquire(id),
      releaseSet: (id) => this.members.release(id),
      acquireList: (list) => {
        if (this.#countList(list.id, 1) === 1) finish(this.members.replace(list.id, list.type, list.members));
      },
      releaseList: (list) => {
        if (this.#countList(list.id, -1) === 0) finish(this.members.remove(list.id));
      },
    });
    this.#classes = new ClassIndex({ maps: this.maps, membersOf: (id) => this.members.membersOf(id) ?? [] });
    this.#lists = new CompiledLists({
      chains: this.chains,
      maps: this.maps,
      classes: this.#classes,
      counters: this.counters,
      dispatch: this.dispatch,
      isCriterion: (id) => this.members.isCriterion(id),
      isOff: isLinear,
      costMax: compiledCostMax,
    });
    for (const name of [...Object.values(baseCounters), ...Object.values(endpointCounters), natCounter]) {
      this.counters.acquire(name);
    }
  }

  /** Only sets can be so large that taking them is work. */
  *accept(message: Message): Work {
    if (this.tunnels.take(message)) this.#areTunnelsDirty = true;
    if (message.type === 'ip-set-update') yield* this.members.replace(message.id, message.setType, message.members);
    else if (message.type === 'ip-set-delta') yield* this.members.change(message.id, message.added, message.removed);
    else if (message.type === 'ip-set-remove') yield* this.members.remove(message.id);
    else if (!isTunnelMessage(message)) (this.#takers[message.type] as (message: Message) => void)(message);
  }

  /** Brings chains, elements and dispatch up to date with the messages. Needs the configuration. */
  *settle(interfaces: () => Iterable<HostInterface>): Work {
    const { config } = this;
    if (config === undefined) return;
    const context: RenderContext = {
      config,
      marks: allotMarks(config.markMask),
      factsOf: (id) => this.members.factsOf(id),
    };
    if (this.#arePoolsDirty) this.#settlePools(config);
    if (this.#areTunnelsDirty) this.#settleTunnels(config);
    yield* this.#settleWorkloadInterfaces(config);
    if (this.#areHostsDirty) {
      const links = [...interfaces()];
      this.#workloadLinks = links.map(({ name }) => name).filter((name) => isWorkloadLink(name, config));
      this.#settleHostEndpoints(links, config);
    }
    yield* this.#settleLists(context);
    this.#settleBase(context);
    yield* this.chains.render((spec) => this.#render(spec, context));
  }

  /** Tables of compiled lists; the stages ask only maps that have something in them. */
  *#settleLists(context: RenderContext): Work {
    const sources = {
      policyOf: (id: PolicyId) => this.#effectivePolicy(printPolicyId(id)),
      profileOf: (name: string) => this.#profiles.get(name),
      refusedOf: (owner: string, direction: Direction) => this.refused.rulesOf(owner, direction),
    };
    yield* this.#lists.settle(new EntryMaker(context, sources, this.#knownEntries));
    const filledMaps = new Set(this.maps.filled());
    if (!isSameSet(filledMaps, this.#filledMaps)) this.chains.markStages();
    // Classes have their elements also when all lists that ask for them have become linear.
    for (const name of filledMaps) if (isMemberMap(name) && !this.#filledMaps.has(name)) this.netSets.acquire(name);
    for (const name of this.#filledMaps) if (isMemberMap(name) && !filledMaps.has(name)) this.netSets.release(name);
    this.#filledMaps = filledMaps;
  }

  markInterfacesChanged(): void {
    this.#areHostsDirty = true;
  }

  /** Policies the kernel refuses (in part), with its words. */
  refusedPolicies(): Map<string, { id: PolicyId; problem: string }> {
    const policies = new Map<string, { id: PolicyId; problem: string }>();
    for (const [text, problem] of this.refused.problems()) {
      const id = this.#policies.get(text)?.id;
      if (id !== undefined) policies.set(text, { id, problem });
    }
    return policies;
  }

  /** Whose rules are counted. */
  ruleOwners(): RuleOwners {
    return { policies: this.#policies.values(), profiles: this.#profiles };
  }

  markRefusedAgain(): void {
    for (const owner of this.refused.forgetAll()) this.markOwner(owner);
  }

  /** What the kernel refuses of a policy or profile changed. */
  markOwner(owner: string): void {
    const profiles = refusedProfile('');
    if (owner.startsWith(profiles)) this.#markProfile(owner.slice(profiles.length));
    else this.#markPolicy(owner, true);
  }

  /** The kernel has nothing of ours: everything is to be written. */
  forgetWritten(): void {
    this.members.forgetWritten();
    this.counters.forgetWritten();
    this.netSets.forgetWritten();
    this.dispatch.forgetWritten();
    this.maps.forgetWritten();
    this.chains.forgetWritten();
    this.#isBaseDirty = true;
    this.#baseKey = '';
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
    'host-endpoint-update': ({ id, endpoint }) => this.#takeHostEndpoint(id.name, endpoint),
    'host-endpoint-remove': ({ id }) => this.#takeHostEndpoint(id.name, undefined),
    'ip-pool-update': ({ id, pool }) => this.#takePool(id, pool),
    'ip-pool-remove': ({ id }) => this.#takePool(id, undefined),
    'service-cidr-update': ({ cidr }) => void this.#serviceCidrs.add(cidr),
    'service-cidr-remove': ({ cidr }) => void this.#serviceCidrs.delete(cidr),
    'host-metadata-update': ({ host, metadata }) => this.#takeHost(host, metadata),
    'host-metadata-remove': ({ host }) => this.#takeHost(host, undefined),
    'in-sync': () => {
      this.isInSync = true;
    },
  };

  #takeConfig(config: FelixConfig): void {
    this.config = config;
    this.chains.markAll();
    this.#knownEntries = new KnownEntries();
    this.#lists.markAll();
    for (const name of this.#workloadsOfInterface.keys()) this.#dirtyInterfaces.add(name);
    for (const name of this.hostEndpoints.keys()) this.#dirtyHostEndpoints.add(name);
    this.#areHostsDirty = true;
    this.#arePoolsDirty = true;
    this.#isBaseDirty = true;
  }

  #takePolicy(id: PolicyId, policy: Policy | undefined): void {
    const text = printPolicyId(id);
    const before = this.#policies.get(text)?.policy;
    if (policy === undefined) this.#policies.delete(text);
    else this.#policies.set(text, { id, policy });
    const isTierToo = tierFacts(this.refused.substituteOf(text) ?? before) !== tierFacts(policy);
    this.refused.onChange(text, before);
    this.#markPolicy(text, isTierToo);
  }

  #markPolicy(text: string, isTierToo: boolean): void {
    this.chains.markPolicy(text, isTierToo);
    this.#lists.markPolicy(text);
  }

  #markProfile(name: string): void {
    this.chains.markProfile(name);
    this.#lists.markProfile(name);
  }

  #takeProfile(name: string, profile: ProfileRules | undefined): void {
    this.refused.onChange(refusedProfile(name), undefined);
    if (profile === undefined) this.#profiles.delete(name);
    else this.#profiles.set(name, profile);
    this.#markProfile(name);
  }

  #takeWorkload(id: WorkloadEndpointId, endpoint: WorkloadEndpoint | undefined): void {
    const text = printWorkloadEndpointId(id);
    const before = this.workloads.get(text)?.endpoint.interfaceName;
    if (before !== undefined) this.#claimInterface(before, text, false);
    if (endpoint === undefined) this.workloads.delete(text);
    else {
      this.workloads.set(text, { id, endpoint });
      this.#claimInterface(endpoint.interfaceName, text, true);
    }
  }

  #claimInterface(name: string, workload: string, isClaimed: boolean): void {
    const claims = this.#workloadsOfInterface.get(name) ?? new Set();
    if (isClaimed) claims.add(workload);
    else claims.delete(workload);
    if (claims.size === 0) this.#workloadsOfInterface.delete(name);
    else this.#workloadsOfInterface.set(name, claims);
    this.#dirtyInterfaces.add(name);
  }

  #takeHostEndpoint(name: string, endpoint: HostEndpoint | undefined): void {
    if (endpoint === undefined) this.hostEndpoints.delete(name);
    else this.hostEndpoints.set(name, endpoint);
    this.#dirtyHostEndpoints.add(name);
    this.#areHostsDirty = true;
  }

  #takePool(id: string, pool: IpPool | undefined): void {
    if (pool === undefined) this.#pools.delete(id);
    else this.#pools.set(id, pool);
    this.#arePoolsDirty = true;
  }

  #takeHost(host: string, metadata: HostMetadata | undefined): void {
    if (metadata === undefined) this.#hosts.delete(host);
    else this.#hosts.set(host, metadata);
    if (this.config?.natOutgoingExclusions === 'IPPoolsAndHostIPs') this.#arePoolsDirty = true;
  }

  #settlePools(config: FelixConfig): void {
    const pools = [...this.#pools.values()];
    const cidrs = (wanted: readonly IpPool[]) => wanted.map(({ cidr }) => cidr);
    const replace = (id: string, nets: readonly string[]) => finish(this.members.replace(id, 'net', nets));
    replace(natSets.masqueraded, cidrs(pools.filter((pool) => pool.natOutgoing)));
    replace(natSets.pools, cidrs(pools.filter(isReachablePool)));
    const areHostsExcluded = config.natOutgoingExclusions === 'IPPoolsAndHostIPs';
    replace(natSets.hosts, areHostsExcluded ? [...this.#hosts.values()].flatMap(hostNets) : []);
    this.#arePoolsDirty = false;
    this.#isBaseDirty = true;
  }

  #settleTunnels(config: FelixConfig): void {
    for (const [id, nets] of this.tunnels.ruleSets(config)) finish(this.members.replace(id, 'net', nets));
    this.#areTunnelsDirty = false;
  }

  *workloadsOn(interfaceName: string): Generator<LocalWorkload> {
    for (const claim of this.#workloadsOfInterface.get(interfaceName) ?? []) {
      const workload = this.workloads.get(claim);
      if (workload !== undefined) yield workload;
    }
  }

  /** Of several workloads on one interface the first by name speaks for it. */
  workloadOf(interfaceName: string): LocalWorkload | undefined {
    const claims = this.#workloadsOfInterface.get(interfaceName);
    if (claims === undefined) return undefined;
    let first: string | undefined;
    for (const claim of claims) if (first === undefined || claim < first) first = claim;
    return first === undefined ? undefined : this.workloads.get(first);
  }

  /** Endpoints change in groups of the same policies, and long lists are many objects: those that agree share theirs. */
  *#settleWorkloadInterfaces(config: FelixConfig): Work {
    const known = new Map<string, Entries>();
    for (const name of this.#dirtyInterfaces) {
      this.#dirtyInterfaces.delete(name);
      const workload = this.workloadOf(name);
      this.#setEntries(
        name,
        workload === undefined ? new Map() : workloadEntries(workload.endpoint, config, known),
        true,
      );
      yield;
    }
  }

  #settleHostEndpoints(interfaces: Iterable<HostInterface>, config: FelixConfig): void {
    const before = this.resolution;
    this.resolution = resolveHostEndpoints(this.hostEndpoints, interfaces, config);
    for (const name of new Set([...before.keys(), ...this.resolution.keys()])) {
      const owner = this.resolution.get(name);
      const isSame = owner === before.get(name) && !(owner !== undefined && this.#dirtyHostEndpoints.has(owner));
      if (isSame) continue;
      const endpoint = owner === undefined ? undefined : this.hostEndpoints.get(owner);
      const isAny = name === anyInterface;
      const doesReject = config.filterDenyAction === 'Reject';
      this.#setEntries(name, endpoint ? renderHostEntries(endpoint, isAny, doesReject) : new Map(), !isAny);
    }
    this.#dirtyHostEndpoints.clear();
    this.#areHostsDirty = false;
  }

  /** New chains are acquired before old ones are released, so that what both share stays. A list that is compiled is not a chain. */
  #setEntries(name: string, entries: LimitedEntries, isMapped: boolean): void {
    const before: LimitedEntries = this.#entries.get(name) ?? new Map();
    const isCompiled = (list: ListChain | LimitChain | DscpChain): list is ListChain =>
      list.type === 'list' && isMapped && this.#lists.takes(list);
    for (const list of entries.values()) if (!isCompiled(list)) this.chains.acquire(list);
    if (entries.size === 0) this.#entries.delete(name);
    else this.#entries.set(name, entries);
    for (const map of isMapped ? dispatchMaps : []) {
      const now = entries.get(map);
      if (now === undefined && !before.has(map)) continue;
      const compiled = now !== undefined && isCompiled(now) ? now : undefined;
      if (!isLimitMap(map)) this.#lists.assign(map, name, compiled);
      if (compiled === undefined) this.dispatch.set(map, name, now?.name);
    }
    for (const list of before.values()) if (!isCompiled(list)) this.chains.release(list.name);
  }

  #baseKey = '';

  #settleBase(context: RenderContext): void {
    const filledMaps = this.dispatch.filledMaps();
    const anyHost = namesOf(this.#entries.get(anyInterface));
    const spoofAllowances = this.#spoofAllowances(context.config);
    const floatingIps = context.config.areFloatingIpsEnabled ? resolveFloatingIps(this.speakers()) : [];
    const tunnels = this.tunnels.ruleInputs(context.config);
    const serviceCidrs = [...this.#serviceCidrs].sort();
    const marked = hostDscps(this.hostEndpoints);
    const { hasSuspects } = this;
    const areLinksOpen = this.#areLinksOpen();
    const parts = { spoofAllowances, floatingIps, tunnels, serviceCidrs, hasSuspects, areLinksOpen };
    const key = JSON.stringify([[...filledMaps], [...anyHost], marked, parts]);
    if (!this.#isBaseDirty && key === this.#baseKey) return;
    this.#isBaseDirty = false;
    this.#baseKey = key;
    const natRules = renderNatOutgoing(this.#natPools(), context);
    const inputs = { ...parts, filledMaps, anyHost, natRules, hostDscps: renderHostDscps(marked, context) };
    const chains = [...renderFailsafes(context.config), ...renderBaseChains(inputs, context)];
    for (const [name, content] of chains) {
      if (this.#isIdle(name, content)) this.chains.withdraw(name);
      else this.chains.put(name, content);
    }
  }

  /** A base chain without rules is not there, for its hook costs each packet. NAT stays while there are pools: without it, flows that are translated end. */
  #isIdle(name: string, { rules }: RenderedChain): boolean {
    if (rules.length > 0 || !Object.hasOwn(baseChains, name)) return false;
    return name !== 'nat-postrouting' || this.#pools.size === 0;
  }

  /** A known flow of a link that is closed is dropped: only while there may be one, each packet is asked for its link. */
  #areLinksOpen(): boolean {
    for (const name of this.#workloadLinks) if (!this.#workloadsOfInterface.has(name)) return false;
    for (const { endpoint } of this.workloads.values()) if (!endpoint.isActive) return false;
    return true;
  }

  #natPools(): string[] {
    const pools = [...this.#pools.values()].filter((pool) => pool.natOutgoing);
    return [...new Set(pools.map(({ cidr }) => cidr))].sort();
  }

  #spoofAllowances(config: FelixConfig): BaseInputs['spoofAllowances'] {
    if (!config.isSourceSpoofingAllowed) return [];
    return [...this.#workloadsOfInterface.keys()].sort().flatMap((interfaceName) => {
      const prefixes = this.workloadOf(interfaceName)?.endpoint.allowSpoofedSourcePrefixes ?? [];
      return prefixes.length === 0 ? [] : [{ interfaceName, prefixes }];
    });
  }

  #render(spec: ChainSpec, context: RenderContext): RenderedChain {
    const policyOf = (id: PolicyId) => this.#effectivePolicy(printPolicyId(id));
    if (spec.type === 'limit') return renderLimitChain(spec);
    if (spec.type === 'dscp') return renderDscpChain(spec, context);
    if (spec.type === 'list') return renderListChain(spec, context);
    if (spec.type === 'tier') return renderTierChain(spec, policyOf, context);
    if (spec.type === 'decision') return renderDecision(spec.decision, context.factsOf);
    if (spec.type === 'stage') return renderStageChain(spec, (map) => this.maps.isFilled(map), context);
    const owner = spec.type === 'profile' ? refusedProfile(spec.profile) : printPolicyId(spec.id);
    const refused = this.refused.rulesOf(owner, spec.direction);
    const use = refused === undefined ? spec : { ...spec, refused };
    return spec.type === 'profile'
      ? renderProfile(spec.profile, this.#profiles.get(spec.profile), use, context)
      : renderPolicy(spec.id, policyOf(spec.id), use, context);
  }

  #effectivePolicy(text: string): Policy | undefined {
    return this.refused.substituteOf(text) ?? this.#policies.get(text)?.policy;
  }

  policyOf(id: PolicyId): Policy | undefined {
    return this.#effectivePolicy(printPolicyId(id));
  }

  profileOf(name: string): ProfileRules | undefined {
    return this.#profiles.get(name);
  }

  membersOf(setId: string): (Iterable<string> & { has(member: string): boolean }) | undefined {
    return this.members.membersOf(setId);
  }

  /** The workload that speaks for each interface that has one. */
  *speakers(): Generator<WorkloadEndpoint> {
    for (const name of this.#workloadsOfInterface.keys()) {
      const endpoint = this.workloadOf(name)?.endpoint;
      if (endpoint !== undefined) yield endpoint;
    }
  }

  readonly #listRefs = new Map<string, number>();

  #countList(id: string, by: number): number {
    const count = (this.#listRefs.get(id) ?? 0) + by;
    if (count === 0) this.#listRefs.delete(id);
    else this.#listRefs.set(id, count);
    return count;
  }
}

function workloadEntries(endpoint: WorkloadEndpoint, config: FelixConfig, known: Map<string, Entries>): LimitedEntries {
  const key = JSON.stringify([endpoint.tiers, endpoint.profiles, endpoint.isActive]);
  const entries = known.get(key) ?? renderWorkloadEntries(endpoint, config.filterDenyAction === 'Reject');
  known.set(key, entries);
  return endpoint.qos === undefined ? entries : new Map([...entries, ...renderLimitEntries(endpoint)]);
}

function tierFacts(policy: Policy | undefined): string {
  if (policy === undefined) return 'missing';
  return `${policy.isStaged} ${hasPass(policy, 'ingress')} ${hasPass(policy, 'egress')}`;
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}

function hostNets({ ipv4Address, ipv6Address }: HostMetadata): string[] {
  const nets: string[] = [];
  if (ipv4Address !== undefined) nets.push(`${ipv4Address}/32`);
  if (ipv6Address !== undefined) nets.push(`${ipv6Address}/128`);
  return nets;
}

function namesOf(entries: LimitedEntries | undefined): Map<InterfaceMap, string> {
  return new Map([...(entries ?? [])].map(([map, list]) => [map, list.name]));
}
