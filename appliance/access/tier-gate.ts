/**
 * Tiers on top of roles: a policy is open to who may get its tier and may do the same to `tier.PLURAL`, under the name `TIER.*` for all of a tier,
 * or under the policy's own. Pure; remembers its answers, so one serves one request. Source: Calico documentation, RBAC for tiered policy.
 */
import type { Attributes, ResourceAttributes } from './rule.ts';

/** What is missing: the right to get the tier, or the right to the policy in it. */
export type TierRefusal = 'tier' | 'policy';

export class TierGate {
  readonly #wish: ResourceAttributes;
  readonly #isAllowed: (attributes: Attributes) => boolean;
  readonly #tiers = new Map<string, TierRefusal | 'whole' | 'named'>();

  /** `wish` is what is asked of the policies themselves. */
  constructor(wish: ResourceAttributes, isAllowed: (attributes: Attributes) => boolean) {
    this.#wish = wish;
    this.#isAllowed = isAllowed;
  }

  /** Why this policy is closed; undefined when it is open. */
  refusal(tier: string, name: string): TierRefusal | undefined {
    const standing = this.#standing(tier);
    if (standing === 'tier') return 'tier';
    if (standing === 'whole' || this.#isAllowed(this.#onPolicies(name))) return undefined;
    return 'policy';
  }

  /** True when the whole tier is open. */
  isOpen(tier: string): boolean {
    return this.#standing(tier) === 'whole';
  }

  /** True when the tier itself may be seen. */
  isKnown(tier: string): boolean {
    return this.#standing(tier) !== 'tier';
  }

  #standing(tier: string): TierRefusal | 'whole' | 'named' {
    const known = this.#tiers.get(tier);
    if (known !== undefined) return known;
    const standing = this.#ask(tier);
    this.#tiers.set(tier, standing);
    return standing;
  }

  #ask(tier: string): 'tier' | 'whole' | 'named' {
    const { group } = this.#wish;
    const tiers = {
      type: 'resource',
      verb: 'get',
      group,
      resource: 'tiers',
      subresource: '',
      namespace: '',
      name: tier,
    };
    if (!this.#isAllowed(tiers as ResourceAttributes)) return 'tier';
    return this.#isAllowed(this.#onPolicies(`${tier}.*`)) ? 'whole' : 'named';
  }

  #onPolicies(name: string): ResourceAttributes {
    return { ...this.#wish, resource: `tier.${this.#wish.resource}`, subresource: '', name };
  }
}
