/**
 * Chains that exist because something refers to them, as data: what a chain stands for, its name, and the chains it goes to. Pure.
 * A list chain is what one kind of stage does for endpoints with the same tiers and profiles; a tier chain is one tier of it. Both are
 * named by their content, so endpoints and lists that agree share them; policies' and profiles' chains are named for them.
 */
import type { PolicyId, TierPolicies } from '../model/policy.ts';
import { printPolicyId } from '../model/policy.ts';
import type { Decision } from './compiled/decision.ts';
import { branchesOf } from './compiled/decision.ts';
import type { StageChain } from './compiled/stage-chain.ts';
import { stageChildren } from './compiled/stage-chain.ts';
import type { DscpChain } from './dscp.ts';
import type { LimitChain } from './limits.ts';
import type { Direction } from './names.ts';
import { contentName, policyChainName, profileChainName } from './names.ts';
import type { StageKind } from './stage.ts';
import { stageTraits } from './stage.ts';

export interface PolicyChain {
  readonly type: 'policy';
  readonly name: string;
  readonly id: PolicyId;
  readonly direction: Direction;
  readonly isDropOnly: boolean;
}

export interface ProfileChain {
  readonly type: 'profile';
  readonly name: string;
  readonly profile: string;
  readonly direction: Direction;
  readonly isDropOnly: boolean;
}

export interface TierChain {
  readonly type: 'tier';
  readonly name: string;
  readonly tier: string;
  readonly direction: Direction;
  readonly isDropOnly: boolean;
  /** Drop at the end, provided that a policy of the list is not staged. */
  readonly doesDrop: boolean;
  readonly policies: readonly PolicyChain[];
}

export interface ListChain {
  readonly type: 'list';
  readonly name: string;
  readonly kind: StageKind;
  readonly isAdminDown: boolean;
  readonly tiers: readonly TierChain[];
  readonly profiles: readonly ProfileChain[];
}

/** What a cell of a compiled list leads to. */
export interface DecisionChain {
  readonly type: 'decision';
  readonly name: string;
  readonly decision: Decision;
}

export type ChainSpec =
  | PolicyChain
  | ProfileChain
  | TierChain
  | ListChain
  | DecisionChain
  | StageChain
  | LimitChain
  | DscpChain;

export function decisionChain(decision: Decision): DecisionChain {
  return { type: 'decision', name: decision.name, decision };
}

/** Chains this one jumps to. */
export function childrenOf(spec: ChainSpec): readonly ChainSpec[] {
  if (spec.type === 'decision') return branchesOf(spec.decision).map(decisionChain);
  if (spec.type === 'stage') return stageChildren(spec);
  if (spec.type === 'list') return [...spec.tiers, ...spec.profiles];
  return spec.type === 'tier' ? spec.policies : [];
}

export interface ListOptions {
  readonly isAdminDown?: boolean;
  /** The configured deny answers; chains of stages that cannot answer are then twins of their own. */
  readonly doesReject: boolean;
}

/** The list chain of a stage for an endpoint with these tiers and profiles. */
export function listChain(
  kind: StageKind,
  tiers: readonly TierPolicies[],
  profiles: readonly string[],
  { isAdminDown = false, doesReject }: ListOptions,
): ListChain {
  const traits = stageTraits[kind];
  const isDropOnly = traits.isDropOnly && doesReject;
  const tierChains = isAdminDown ? [] : tiers.flatMap((tier) => tierChain(tier, kind, isDropOnly));
  const names = traits.isClosed && !isAdminDown ? profiles : [];
  const profileChains = names.map((profile) => profileChain(profile, traits.direction, isDropOnly));
  const parts = [kind, String(isAdminDown), ...tierChains.map((t) => t.name), '', ...profileChains.map((p) => p.name)];
  const name = contentName(`list-${kind}`, parts);
  return { type: 'list', name, kind, isAdminDown, tiers: tierChains, profiles: profileChains };
}

function tierChain(tier: TierPolicies, kind: StageKind, isDropOnly: boolean): TierChain[] {
  const { direction, doTiersDrop } = stageTraits[kind];
  const ids = direction === 'ingress' ? tier.ingress : tier.egress;
  if (ids.length === 0) return [];
  const doesDrop = doTiersDrop && tier.defaultAction === 'Deny';
  const parts = [tier.name, direction, String(doesDrop), String(isDropOnly), ...ids.map(printPolicyId)];
  return [
    {
      type: 'tier',
      name: contentName('tier', parts),
      tier: tier.name,
      direction,
      isDropOnly,
      doesDrop,
      policies: ids.map((id) => policyChain(id, direction, isDropOnly)),
    },
  ];
}

function policyChain(id: PolicyId, direction: Direction, isDropOnly: boolean): PolicyChain {
  return { type: 'policy', name: policyChainName(id, direction, isDropOnly), id, direction, isDropOnly };
}

function profileChain(profile: string, direction: Direction, isDropOnly: boolean): ProfileChain {
  return { type: 'profile', name: profileChainName(profile, direction, isDropOnly), profile, direction, isDropOnly };
}
