/** Hits as plain data, for `GET /hits` on the agent's socket. Pure. */
import type { Hits, RuleHits } from '../dataplane/hits.ts';

export interface HitsPage {
  readonly rules: readonly HitsRow[];
  /** What no rule of anybody decided: the ends of tiers, drops before any policy. */
  readonly stages: readonly { readonly stage: string; readonly packets: number; readonly bytes: number }[];
}

export interface HitsRow {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly tier: string;
  readonly direction: 'ingress' | 'egress';
  /** Its place in the policy, from 0. */
  readonly rule: number;
  readonly action: string;
  readonly packets: number;
  readonly bytes: number;
}

/** Undefined when the backend counts nothing. */
export function printHits(hits: Hits | undefined): HitsPage | undefined {
  return (
    hits && {
      rules: hits.rules.map(rowOf),
      stages: hits.others.map(({ name, packets, bytes }) => ({
        stage: name,
        packets: Number(packets),
        bytes: Number(bytes),
      })),
    }
  );
}

function rowOf({ owner, direction, index, action, packets, bytes }: RuleHits): HitsRow {
  const whose =
    owner.type === 'profile'
      ? { kind: 'Profile', namespace: '', name: owner.name, tier: '' }
      : { kind: owner.id.kind, namespace: owner.id.namespace, name: owner.id.name, tier: owner.tier };
  return { ...whose, direction, rule: index, action, packets: Number(packets), bytes: Number(bytes) };
}
