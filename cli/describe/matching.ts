/**
 * Which policies apply to which endpoints, and in which order: the same selectors, inheritance and ordering that the agents go by, over what the
 * API has. Pure. Source: Calico's policy and tier ordering, profiles' labels.
 */
import type { Resource } from '#appliance/resources/resource.ts';
import type { Selector } from '#appliance/selector/ast.ts';
import { compileSelector, labelsOfRecord } from '#appliance/selector/match.ts';
import { parseSelector } from '#appliance/selector/parse.ts';
import { policySelector } from '#appliance/selector/rewrite.ts';

/** Everything that decides. */
export interface World {
  readonly tiers: readonly Resource[];
  readonly policies: readonly Resource[];
  readonly endpoints: readonly Resource[];
  readonly profiles: readonly Resource[];
}

export interface TierPlace {
  readonly name: string;
  readonly order: number | undefined;
  readonly defaultAction: string;
  /** Undefined for a tier that policies name and that does not exist. */
  readonly tier: Resource | undefined;
  readonly policies: readonly Resource[];
}

/** The tiers in the order they are evaluated, those that do not exist last, each with its policies in order. */
export function orderedTiers({ tiers, policies }: Pick<World, 'tiers' | 'policies'>): TierPlace[] {
  const byTier = Map.groupBy(policies, tierOf);
  const known = new Map(tiers.map((tier) => [tier.metadata.name, tier]));
  const places = [...new Set([...known.keys(), ...byTier.keys()])].map((name): TierPlace => {
    const tier = known.get(name);
    return {
      name,
      tier,
      order: tier === undefined ? undefined : (tier.spec.order as number | undefined),
      defaultAction: String(tier?.spec.defaultAction ?? 'Deny'),
      policies: (byTier.get(name) ?? []).toSorted(comparePolicies),
    };
  });
  return places.sort(
    (a, b) =>
      Number(a.tier === undefined) - Number(b.tier === undefined) ||
      (a.order ?? Number.MAX_VALUE) - (b.order ?? Number.MAX_VALUE) ||
      compareText(a.name, b.name),
  );
}

/** The tier a policy is in. */
export function tierOf(policy: Resource): string {
  const { tier } = policy.spec;
  return typeof tier === 'string' && tier !== '' ? tier : 'default';
}

/** A policy without an order comes after all that have one. */
export function comparePolicies(a: Resource, b: Resource): number {
  const [left, right] = [a, b].map(({ spec }) => (typeof spec.order === 'number' ? spec.order : Number.MAX_VALUE));
  return left! - right! || compareText(tieBreaker(a), tieBreaker(b));
}

function tieBreaker({ kind, metadata }: Resource): string {
  return `${metadata.name}/${metadata.namespace ?? ''}/${kind}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The endpoint's labels over those its profiles give it. */
export function labelsOf(endpoint: Resource, profiles: readonly Resource[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const name of (endpoint.spec.profiles as string[] | undefined) ?? []) {
    const profile = profiles.find(({ metadata }) => metadata.name === name);
    Object.assign(labels, profile?.spec.labelsToApply as Record<string, string> | undefined);
  }
  return { ...labels, ...endpoint.metadata.labels };
}

/** A function that says whether a policy applies to an endpoint. A selector that cannot be read applies to nothing. */
export function createMatcher(policy: Resource): (labels: Readonly<Record<string, string>>) => boolean {
  const { selector, namespaceSelector, serviceAccountSelector } = policy.spec as Record<string, string | undefined>;
  const parts = [selector, namespaceSelector, serviceAccountSelector].map(parsed);
  if (parts.includes('unreadable')) return () => false;
  const [own, ofNamespace, ofAccount] = parts as (Selector | undefined)[];
  const whole = policySelector({
    namespace: policy.metadata.namespace ?? '',
    selector: own,
    namespaceSelector: ofNamespace,
    serviceAccountSelector: ofAccount,
  });
  if (whole === undefined) return () => true;
  const matches = compileSelector(whole);
  return (labels) => matches(labelsOfRecord(labels));
}

function parsed(text: string | undefined): Selector | 'unreadable' | undefined {
  if (text === undefined || text === '') return undefined;
  const result = parseSelector(text);
  return result.ok ? result.value : 'unreadable';
}
