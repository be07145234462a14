/**
 * From interface to list chain: which maps exist, and what an endpoint puts in each of them. Pure.
 * A named host endpoint fills every map that `*` could fill, so that `*` never speaks for its interface.
 */
import type { HostEndpoint, WorkloadEndpoint } from '../model/endpoint.ts';
import type { TierPolicies } from '../model/policy.ts';
import type { ListChain } from './chain-spec.ts';
import { listChain } from './chain-spec.ts';
import { type DscpChain, dscpChain } from './dscp.ts';
import { type LimitChain, type LimitMap, limitChain } from './limits.ts';
import type { StageKind } from './stage.ts';

export type WorkloadMap = 'from-workload' | 'to-workload';
export type HostMap = keyof typeof hostStages;
export type DispatchMap = WorkloadMap | HostMap;
/** All maps from interfaces to chains. */
export type InterfaceMap = DispatchMap | LimitMap;

export const hostStages = {
  'host-untracked-in': 'untracked-ingress',
  'host-untracked-out': 'untracked-egress',
  'host-pre-dnat': 'pre-dnat',
  'host-in': 'host-ingress',
  'host-out': 'host-egress',
  'host-out-deferred': 'host-egress-deferred',
  'host-forward-in': 'forward-ingress',
  'host-forward-out': 'forward-egress',
} as const satisfies Record<string, StageKind>;

export const hostMaps = Object.keys(hostStages) as readonly HostMap[];
export const dispatchMaps: readonly InterfaceMap[] = [
  'from-workload',
  'to-workload',
  'limit-from',
  'limit-to',
  'dscp-from',
  ...hostMaps,
];

/** An endpoint's entry in each map that has one. */
export type Entries = ReadonlyMap<DispatchMap, ListChain>;
/** With those that limit it. */
export type LimitedEntries = ReadonlyMap<InterfaceMap, ListChain | LimitChain | DscpChain>;

export function renderWorkloadEntries(endpoint: WorkloadEndpoint, doesReject: boolean): Entries {
  const options = { isAdminDown: !endpoint.isActive, doesReject };
  return new Map([
    ['from-workload', listChain('workload-egress', endpoint.tiers, endpoint.profiles, options)],
    ['to-workload', listChain('workload-ingress', endpoint.tiers, endpoint.profiles, options)],
  ]);
}

/** The chains that limit or mark it: its own, while those above are shared with endpoints of the same policies. */
export function renderLimitEntries(endpoint: WorkloadEndpoint): LimitedEntries {
  const entries = new Map<InterfaceMap, LimitChain | DscpChain>();
  for (const map of ['limit-from', 'limit-to'] as const) {
    const chain = limitChain(map, endpoint);
    if (chain !== undefined) entries.set(map, chain);
  }
  const dscp = dscpChain(endpoint);
  if (dscp !== undefined) entries.set('dscp-from', dscp);
  return entries;
}

/** `isAny`: the endpoint stands for every interface without one of its own; untracked policy does not apply to it. */
export function renderHostEntries(endpoint: HostEndpoint, isAny: boolean, doesReject: boolean): Entries {
  const entries = new Map<DispatchMap, ListChain>();
  for (const map of hostMaps) {
    const kind = hostStages[map];
    const tiers = tiersOf(endpoint, kind);
    if (isUntracked(kind) && (isAny || !tiers.some((tier) => hasPolicies(tier, kind)))) continue;
    entries.set(map, listChain(kind, tiers, endpoint.profiles, { doesReject }));
  }
  return entries;
}

function isUntracked(kind: StageKind): boolean {
  return kind === 'untracked-ingress' || kind === 'untracked-egress';
}

function hasPolicies(tier: TierPolicies, kind: StageKind): boolean {
  return (kind === 'untracked-ingress' ? tier.ingress : tier.egress).length > 0;
}

function tiersOf(endpoint: HostEndpoint, kind: StageKind): readonly TierPolicies[] {
  if (isUntracked(kind)) return endpoint.untrackedTiers;
  if (kind === 'pre-dnat') return endpoint.preDnatTiers;
  return kind === 'forward-ingress' || kind === 'forward-egress' ? endpoint.forwardTiers : endpoint.tiers;
}
