/** From the table's named counters to hits of rules: a counter's name says whose it is. Pure. */
import type { NftTableDump } from '../../../kernel/kernel.ts';
import type { Policy, PolicyId, ProfileRules, Rule } from '../../model/policy.ts';
import { type Direction, policyCounterName, profileCounterName } from '../../render/names.ts';
import type { Hits, HitsOwner, RuleHits } from '../hits.ts';

export interface RuleOwners {
  readonly policies: Iterable<{ readonly id: PolicyId; readonly policy: Policy }>;
  readonly profiles: Iterable<readonly [name: string, rules: ProfileRules]>;
}

interface Place {
  readonly owner: HitsOwner;
  readonly rules: ProfileRules;
  readonly nameOf: (direction: Direction, index: number) => string;
}

/** Rules without a counter in the table are left out. */
export function assignHits(counters: NftTableDump['counters'], owners: RuleOwners): Hits {
  const unassigned = new Map(counters.map((counter) => [counter.name, counter]));
  const rules: RuleHits[] = [];
  for (const place of placesOf(owners)) {
    takeRules(place, 'ingress', place.rules.inbound);
    takeRules(place, 'egress', place.rules.outbound);
  }
  return { rules, others: [...unassigned.values()] };

  function takeRules({ owner, nameOf }: Place, direction: Direction, list: readonly Rule[]): void {
    // the name is the same but for the number at its end
    const stem = list.length === 0 ? '' : nameOf(direction, 0).slice(0, -1);
    for (const [index, { action }] of list.entries()) {
      const name = `${stem}${index}`;
      const counter = unassigned.get(name);
      if (counter === undefined) continue;
      unassigned.delete(name);
      rules.push({ owner, direction, index, action, packets: counter.packets, bytes: counter.bytes });
    }
  }
}

function* placesOf({ policies, profiles }: RuleOwners): Generator<Place> {
  for (const { id, policy } of policies) {
    const owner: HitsOwner = { type: 'policy', id, tier: policy.tier, isStaged: policy.isStaged };
    yield { owner, rules: policy, nameOf: (direction, index) => policyCounterName(id, direction, index) };
  }
  for (const [name, rules] of profiles) {
    const owner: HitsOwner = { type: 'profile', name };
    yield { owner, rules, nameOf: (direction, index) => profileCounterName(name, direction, index) };
  }
}
