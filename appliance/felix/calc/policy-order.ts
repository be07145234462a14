/** The order in which tiers and policies are evaluated. Pure. Source: Calico's policy ordering. */
import { compareText } from '#appliance/lib/collections/compare-text.ts';
import type { PolicyId, TierPolicies } from '../model/policy.ts';
import type { PolicyInput } from './convert/policy.ts';
import type { TierInput } from './convert/tier.ts';

/** A policy with what its place depends on. */
export interface OrderedPolicy {
  readonly id: PolicyId;
  readonly input: PolicyInput;
}

/** Policies of one tier in order, for one endpoint. */
export interface TierList {
  readonly name: string;
  readonly defaultAction: 'Deny' | 'Pass';
  readonly policies: readonly OrderedPolicy[];
}

/** Groups policies by tier. Tiers that do not exist come last and deny. */
export function orderPolicies(policies: readonly OrderedPolicy[], tiers: ReadonlyMap<string, TierInput>): TierList[] {
  const byTier = Map.groupBy(policies, (policy) => policy.input.tier);
  const names = [...byTier.keys()].sort((a, b) => compareTiers(a, b, tiers));
  return names.map((name) => ({
    name,
    defaultAction: tiers.get(name)?.defaultAction ?? 'Deny',
    policies: byTier.get(name)!.sort(comparePolicies),
  }));
}

/** The policies of `lists` that `isWanted`, by direction. A tier without any is left out. */
export function selectTiers(
  lists: readonly TierList[],
  isWanted: (input: PolicyInput) => boolean,
  options: { readonly defaultAction?: 'Pass'; readonly isIngressOnly?: boolean } = {},
): TierPolicies[] {
  const selected: TierPolicies[] = [];
  for (const { name, defaultAction, policies } of lists) {
    const ingress: PolicyId[] = [];
    const egress: PolicyId[] = [];
    for (const { id, input } of policies) {
      if (!isWanted(input)) continue;
      if (input.hasIngress) ingress.push(id);
      if (input.hasEgress && !options.isIngressOnly) egress.push(id);
    }
    if (ingress.length + egress.length === 0) continue;
    selected.push({ name, defaultAction: options.defaultAction ?? defaultAction, ingress, egress });
  }
  return selected;
}

function compareTiers(a: string, b: string, tiers: ReadonlyMap<string, TierInput>): number {
  const [left, right] = [tiers.get(a), tiers.get(b)];
  if ((left === undefined) !== (right === undefined)) return left === undefined ? 1 : -1;
  return compareNumbers(left?.order ?? 0, right?.order ?? 0) || compareText(a, b);
}

function comparePolicies(a: OrderedPolicy, b: OrderedPolicy): number {
  return compareNumbers(a.input.order, b.input.order) || compareText(tieBreaker(a.id), tieBreaker(b.id));
}

function tieBreaker({ name, namespace, kind }: PolicyId): string {
  return `${name}/${namespace}/${kind}`;
}

/** Infinity equals itself here; a difference would be NaN. */
function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
