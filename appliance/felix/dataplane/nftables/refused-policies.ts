/**
 * Policies with rules the kernel refuses, and what stands for them: the last content the kernel took, or else the policy without
 * those rules. Pure. Content that changes, or the next periodic try, starts anew.
 */
import type { Policy } from '../../model/policy.ts';
import type { Direction } from '../../render/names.ts';

interface Refusal {
  /** The last content the kernel took. */
  readonly good?: Policy;
  readonly rules: Map<Direction, Set<number>>;
  readonly problem: string;
}

export class RefusedPolicies {
  readonly #refusals = new Map<string, Refusal>();
  /** Content before the changes that the kernel has not judged yet. */
  readonly #previous = new Map<string, Policy>();

  get size(): number {
    return this.#refusals.size;
  }

  /** `before`: the content until now, which the kernel may have. */
  onChange(policy: string, before: Policy | undefined): void {
    const good = this.#refusals.get(policy)?.good ?? before;
    const wasRefused = this.#refusals.delete(policy);
    if (good !== undefined && !this.#previous.has(policy) && !(wasRefused && good === before)) {
      this.#previous.set(policy, good);
    }
  }

  /** The kernel took everything else: what is current now is good. */
  commit(): void {
    this.#previous.clear();
  }

  /** What the kernel refused of a policy. The first time the last good content takes its place, then single rules go. */
  add(policy: string, direction: Direction, rule: number, problem: string): void {
    const known = this.#refusals.get(policy);
    const good = this.#previous.get(policy);
    if (known === undefined && good !== undefined) {
      this.#refusals.set(policy, { good, rules: new Map(), problem });
      return;
    }
    const rules = known?.rules ?? new Map<Direction, Set<number>>();
    rules.set(direction, (rules.get(direction) ?? new Set()).add(rule));
    this.#refusals.set(policy, { rules, problem: known?.problem ?? problem });
    this.#previous.delete(policy);
  }

  substituteOf(policy: string): Policy | undefined {
    return this.#refusals.get(policy)?.good;
  }

  rulesOf(policy: string, direction: Direction): ReadonlySet<number> | undefined {
    return this.#refusals.get(policy)?.rules.get(direction);
  }

  /** Policy -> the kernel's words. */
  problems(): Map<string, string> {
    return new Map([...this.#refusals].map(([policy, { problem }]) => [policy, problem]));
  }

  /** All are to be tried anew; the names of them. */
  forgetAll(): string[] {
    const policies = [...this.#refusals.keys()];
    for (const [policy, { good }] of this.#refusals) if (good !== undefined) this.#previous.set(policy, good);
    this.#refusals.clear();
    return policies;
  }
}
