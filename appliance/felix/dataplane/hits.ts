/** What the kernel counted: packets and bytes by the rule that decided. Every backend says it in this form. Pure types. */
import type { PolicyId, Rule } from '../model/policy.ts';

export type HitsOwner =
  | { readonly type: 'policy'; readonly id: PolicyId; readonly tier: string; readonly isStaged: boolean }
  | { readonly type: 'profile'; readonly name: string };

/** Of one rule of a policy or profile, by its place in it. */
export interface RuleHits {
  readonly owner: HitsOwner;
  readonly direction: 'ingress' | 'egress';
  readonly index: number;
  readonly action: Rule['action'];
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Of what is no rule of anybody: `drop/reverse-path`, the end of a tier (`tier/NAME/ingress`), `nat-outgoing`. */
export interface OtherHits {
  readonly name: string;
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface Hits {
  readonly rules: readonly RuleHits[];
  readonly others: readonly OtherHits[];
}
