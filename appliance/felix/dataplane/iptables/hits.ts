/** From the counters of rules in the kernel to hits of policies' rules: a rule's hash says whose it is. Pure. */
import type { Policy, PolicyId, ProfileRules } from '../../model/policy.ts';
import { hashPattern } from '../../render/iptables/print-chain.ts';
import type { ChainOwner, Ruleset } from '../../render/iptables/ruleset.ts';
import { ownerText } from '../../render/iptables/ruleset.ts';
import type { Hits, HitsOwner, RuleHits } from '../hits.ts';

export interface HitsWorld {
  policyOf(id: PolicyId): Policy | undefined;
  profileOf(name: string): ProfileRules | undefined;
}

interface Place {
  readonly owner: ChainOwner;
  readonly index: number;
}

const counters = /^\[(\d+):(\d+)\] -A (\S+) /;
/** The place of a policy's rule in its policy, as its label says it. */
const placeInLabel = /--comment "[^"]* (\d+) (?:allow|deny|pass|log)\b[^"]*"/;

/** What a rule of the kernel has counted. */
export interface RuleCount {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Chain -> place of a rule in its policy -> counts of all that stands for it. */
export type PlaceCounts = ReadonlyMap<string, ReadonlyMap<number, RuleCount>>;

/** Of one table, as `iptables-save -c` prints it: what each policy's rules have counted, to be carried over into a chain that is written anew. */
export function countPlaces(text: string): PlaceCounts {
  const chains = new Map<string, Map<number, RuleCount>>();
  for (const line of text.split('\n')) {
    const [, packets, bytes, chain] = counters.exec(line) ?? [];
    const place = placeInLabel.exec(line)?.[1];
    if (packets === undefined || bytes === undefined || chain === undefined || place === undefined) continue;
    const counts = chains.get(chain) ?? new Map<number, RuleCount>();
    const before = counts.get(Number(place)) ?? { packets: 0n, bytes: 0n };
    counts.set(Number(place), { packets: before.packets + BigInt(packets), bytes: before.bytes + BigInt(bytes) });
    chains.set(chain, counts);
  }
  return chains;
}

/** `saves`: what `iptables-save -c` prints. A policy rule may be several of the kernel, in both families and several tables: they are added up. */
export function countHits(saves: readonly string[], rulesets: readonly Ruleset[], world: HitsWorld): Hits {
  const places = placesOf(rulesets);
  const sums = new Map<string, RuleHits>();
  for (const line of saves.flatMap((text) => text.split('\n'))) {
    const [, packets, bytes] = counters.exec(line) ?? [];
    const place = places.get(hashPattern.exec(line)?.[1] ?? '');
    if (packets === undefined || bytes === undefined || place === undefined) continue;
    add(sums, place, BigInt(packets), BigInt(bytes), world);
  }
  return { rules: [...sums.values()], others: [] };
}

function placesOf(rulesets: readonly Ruleset[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const { tables } of rulesets) {
    for (const { chains } of Object.values(tables)) {
      for (const { owner, hashes, chain } of chains.values()) {
        chain.rules.forEach(({ policyRuleIndex: index }, i) => {
          if (owner !== undefined && index !== undefined) places.set(hashes[i] as string, { owner, index });
        });
      }
    }
  }
  return places;
}

function add(
  sums: Map<string, RuleHits>,
  { owner, index }: Place,
  packets: bigint,
  bytes: bigint,
  world: HitsWorld,
): void {
  const { direction } = owner;
  const key = `${ownerText(owner)} ${direction} ${index}`;
  const rules = owner.type === 'policy' ? world.policyOf(owner.id) : world.profileOf(owner.profile);
  const rule = (direction === 'ingress' ? rules?.inbound : rules?.outbound)?.[index];
  const whose = hitsOwner(owner, world);
  if (rule === undefined || whose === undefined) return;
  const before = sums.get(key) ?? { packets: 0n, bytes: 0n };
  sums.set(key, {
    owner: whose,
    direction,
    index,
    action: rule.action,
    packets: before.packets + packets,
    bytes: before.bytes + bytes,
  });
}

function hitsOwner(owner: ChainOwner, world: HitsWorld): HitsOwner | undefined {
  if (owner.type === 'profile') return { type: 'profile', name: owner.profile };
  const policy = world.policyOf(owner.id);
  return policy && { type: 'policy', id: owner.id, tier: policy.tier, isStaged: policy.isStaged };
}
