/**
 * What would become of a live flow if it began now, by the stages it passes on this host. Pure.
 * Says "denied" only where that is certain: of what cannot be known from a connection (by which link it came, where several
 * host endpoints differ) it says nothing, and the flow is left alone.
 */
import type { Connection } from '../../../kernel/kernel.ts';
import { contains, parsePrefix } from '../../../lib/ip/address.ts';
import type { FailsafePort, FelixConfig } from '../../model/config.ts';
import type { HostEndpoint, WorkloadEndpoint } from '../../model/endpoint.ts';
import type { Policy, PolicyId, ProfileRules, Rule, TierPolicies } from '../../model/policy.ts';
import type { Direction } from '../../render/names.ts';
import { type Flow, flowOf, untranslated } from './flow.ts';
import { matchesFlow, type SetLookup } from './flow-match.ts';

/** Who has an address. */
export interface FlowPlaces {
  readonly config: FelixConfig;
  /** Workloads of this host by address; more than one while an address moves. */
  readonly workloads: ReadonlyMap<string, readonly WorkloadEndpoint[]>;
  readonly hostAddresses: ReadonlySet<string>;
  /** The host endpoints that may speak for traffic of a host's own address; `undefined` among them: none, so nothing is denied. */
  readonly hostEndpointsAt: (address: string) => readonly (HostEndpoint | undefined)[];
  /** Those that may speak for traffic that is forwarded: on the links of workloads, and on all others. */
  readonly forwardEndpoints: {
    readonly workloads: readonly (HostEndpoint | undefined)[];
    readonly others: readonly (HostEndpoint | undefined)[];
  };
}

export interface FlowRules {
  policyOf(id: PolicyId): Policy | undefined;
  profileOf(name: string): ProfileRules | undefined;
  readonly sets: SetLookup;
}

const TCP = 6;

type Verdict = 'allow' | 'deny' | 'undecided';

/** True when this host would not let the connection begin now. */
export function isDenied(connection: Connection, places: FlowPlaces, rules: FlowRules): boolean {
  const flow = flowOf(connection);
  if (flow === undefined) return false;
  const from = places.workloads.get(flow.src.text) ?? [];
  const to = places.workloads.get(flow.dst.text) ?? [];
  const isFromHost = from.length === 0 && places.hostAddresses.has(flow.src.text);
  const isToHost = to.length === 0 && places.hostAddresses.has(flow.dst.text);
  if (from.length > 0 && isToHost && isMetadata(flow, places.config)) return false;
  if (from.length > 0 && everyDenies(from, 'egress', flow, rules)) return true;
  if (from.length > 0 && isToHost) return places.config.defaultEndpointToHostAction === 'Drop';
  if (to.length > 0 && !isFromHost && everyDenies(to, 'ingress', flow, rules)) return true;
  if (isFromHost && to.length === 0 && isHostDenied(flow, flow.src.text, 'egress', places, rules)) return true;
  if (from.length === 0 && isToHost) {
    const early = judgePreDnat(connection, flow, places, rules);
    return early === 'deny' || (early !== 'allow' && isHostDenied(flow, flow.dst.text, 'ingress', places, rules));
  }
  if (isFromHost || isToHost) return false;
  return (
    isForwardDenied(flow, 'ingress', from.length > 0, places, rules) ||
    isForwardDenied(flow, 'egress', to.length > 0, places, rules)
  );
}

function everyDenies(
  workloads: readonly WorkloadEndpoint[],
  direction: Direction,
  flow: Flow,
  rules: FlowRules,
): boolean {
  return workloads.every(({ isActive, tiers, profiles }) => {
    return !isActive || judgeAll(tiers, profiles, direction, flow, rules) === 'deny';
  });
}

function isHostDenied(
  flow: Flow,
  address: string,
  direction: Direction,
  places: FlowPlaces,
  rules: FlowRules,
): boolean {
  if (isFailsafe(flow, direction, places.config)) return false;
  const speakers = places.hostEndpointsAt(address);
  return (
    speakers.length > 0 &&
    speakers.every(
      (endpoint) =>
        endpoint !== undefined && judgeAll(endpoint.tiers, endpoint.profiles, direction, flow, rules) === 'deny',
    )
  );
}

/** Sees the destination as the packet named it; what it allows, no later stage of the host asks about. */
function judgePreDnat(connection: Connection, flow: Flow, places: FlowPlaces, rules: FlowRules): Verdict {
  const first = untranslated(flow, connection);
  if (first === undefined || isFailsafe(first, 'ingress', places.config)) return 'undecided';
  const verdicts = places
    .hostEndpointsAt(flow.dst.text)
    .map((endpoint) =>
      endpoint === undefined ? 'undecided' : judgeTiers(endpoint.preDnatTiers, 'ingress', false, first, rules),
    );
  const [one] = verdicts;
  if (one === undefined) return 'undecided';
  if (verdicts.every((verdict) => verdict === one)) return one;
  return verdicts.includes('allow') ? 'allow' : 'undecided';
}

function isForwardDenied(
  flow: Flow,
  direction: Direction,
  isWorkload: boolean,
  { forwardEndpoints }: FlowPlaces,
  rules: FlowRules,
): boolean {
  const speakers = isWorkload ? forwardEndpoints.workloads : forwardEndpoints.others;
  const denies = (endpoint: HostEndpoint | undefined) =>
    endpoint !== undefined && judgeTiers(endpoint.forwardTiers, direction, true, flow, rules) === 'deny';
  return speakers.length > 0 && speakers.every(denies);
}

/** Let in before policy is asked. */
function isMetadata({ dst, protocol }: Flow, { metadata }: FelixConfig): boolean {
  return protocol === TCP && dst.text === metadata?.address && dst.port === metadata.port;
}

function isFailsafe(flow: Flow, direction: Direction, config: FelixConfig): boolean {
  const ports = direction === 'ingress' ? config.failsafeInbound : config.failsafeOutbound;
  const far = direction === 'ingress' ? flow.src : flow.dst;
  const isFar = ({ net }: FailsafePort) => {
    const prefix = net === undefined ? undefined : parsePrefix(net);
    return prefix === undefined || contains(prefix, far.address);
  };
  return ports.some((entry) => entry.protocol === flow.protocol && entry.port === flow.dst.port && isFar(entry));
}

/** Tiers, then profiles; what nothing accepts is denied. */
export function judgeAll(
  tiers: readonly TierPolicies[],
  profiles: readonly string[],
  direction: Direction,
  flow: Flow,
  rules: FlowRules,
): Verdict {
  const verdict = judgeTiers(tiers, direction, true, flow, rules);
  if (verdict !== 'undecided') return verdict;
  for (const name of profiles) {
    const profile = rules.profileOf(name);
    if (profile === undefined) return 'deny';
    const decision = firstDecision(direction === 'ingress' ? profile.inbound : profile.outbound, flow, rules);
    if (decision === 'allow' || decision === 'deny') return decision;
  }
  return 'deny';
}

function judgeTiers(
  tiers: readonly TierPolicies[],
  direction: Direction,
  doTiersDrop: boolean,
  flow: Flow,
  rules: FlowRules,
): Verdict {
  for (const tier of tiers) {
    const verdict = judgeTier(tier, direction, flow, rules);
    if (verdict === 'allow' || verdict === 'deny') return verdict;
    if (verdict === 'end' && doTiersDrop && tier.defaultAction === 'Deny') return 'deny';
  }
  return 'undecided';
}

/** `end`: policies that count were asked and did not decide. */
function judgeTier(
  tier: TierPolicies,
  direction: Direction,
  flow: Flow,
  rules: FlowRules,
): 'allow' | 'deny' | 'pass' | 'end' | 'nobody' {
  let isAnyAsked = false;
  for (const id of direction === 'ingress' ? tier.ingress : tier.egress) {
    const policy = rules.policyOf(id);
    if (policy === undefined) return 'deny';
    if (policy.isStaged) continue;
    isAnyAsked = true;
    const decision = firstDecision(direction === 'ingress' ? policy.inbound : policy.outbound, flow, rules);
    if (decision !== undefined) return decision;
  }
  return isAnyAsked ? 'end' : 'nobody';
}

function firstDecision(list: readonly Rule[], flow: Flow, { sets }: FlowRules): 'allow' | 'deny' | 'pass' | undefined {
  for (const rule of list) {
    if (rule.action !== 'log' && matchesFlow(rule, flow, sets)) return rule.action;
  }
  return undefined;
}
