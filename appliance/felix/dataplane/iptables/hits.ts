/** From the counters of rules in the kernel to hits of policies' rules: a rule's hash says whose it is. Pure. */
import type { Policy, PolicyId, ProfileRules } from '../../model/policy.ts';
import { baseCounters } from '../../render/base-chains.ts';
import { endpointCounters } from '../../render/endpoint-chain.ts';
import { hashPattern } from '../../render/iptables/print-chain.ts';
import type { IptablesRule } from '../../render/iptables/rule.ts';
import type { ChainOwner, Ruleset } from '../../render/iptables/ruleset.ts';
import { ownerText } from '../../render/iptables/ruleset.ts';
import { limitCounters } from '../../render/limits.ts';
import { tierCounterName } from '../../render/names.ts';
import { natCounter } from '../../render/nat-outgoing.ts';
import { serviceLoopCounter } from '../../render/service-loop.ts';
import { tunnelCounter } from '../../render/tunnel-rules.ts';
import type { Hits, HitsOwner, OtherHits, RuleHits } from '../hits.ts';

export interface HitsWorld {
  policyOf(id: PolicyId): Policy | undefined;
  profileOf(name: string): ProfileRules | undefined;
}

interface Place {
  readonly owner: ChainOwner;
  readonly index: number;
}

/** What a rule counts for: a rule of a policy, or the name under which the rules of the other backend count the same. */
type Counted = Place | string;

const counters = /^\[(\d+):(\d+)\] -A /;
/** The place of a policy's rule in its policy, as its label says it. */
const placeInLabel = /--comment "[^"]* (\d+) (?:allow|deny|pass|log)\b[^"]*"/;

/** What a rule of the kernel has counted. */
export interface RuleCount {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Chain -> place of a rule in its policy -> counts of all that stands for it. */
export type PlaceCounts = ReadonlyMap<string, ReadonlyMap<number, RuleCount>>;

/** Counts stand before the rule as `iptables-save -c` prints it, and in it as `iptables -v -S` does. */
const counted = /^(?:\[(\d+):(\d+)\] )?-A (\S+) (?:.*? -c (\d+) (\d+)(?: |$))?/;

/** Of one table: what each policy's rules have counted, to be carried over into a chain that is written anew. */
export function countPlaces(text: string): PlaceCounts {
  const chains = new Map<string, Map<number, RuleCount>>();
  for (const line of text.split('\n')) {
    const [, packetsBefore, bytesBefore, chain, packets = packetsBefore, bytes = bytesBefore] =
      counted.exec(line) ?? [];
    const place = placeInLabel.exec(line)?.[1];
    if (packets === undefined || bytes === undefined || chain === undefined || place === undefined) continue;
    const counts = chains.get(chain) ?? new Map<number, RuleCount>();
    const before = counts.get(Number(place)) ?? { packets: 0n, bytes: 0n };
    counts.set(Number(place), { packets: before.packets + BigInt(packets), bytes: before.bytes + BigInt(bytes) });
    chains.set(chain, counts);
  }
  return chains;
}

/** Rules that no policy wrote, by their labels. Those of chains for one direction have it in the name. */
const stages: Readonly<Record<string, string>> = {
  'reverse path': baseCounters.reversePath,
  'unknown interface': baseCounters.unknown,
  'workload to host': baseCounters.toHost,
  'answer of a flow that is no longer allowed': baseCounters.suspect,
  'endpoint is down': endpointCounters.down,
  'invalid packet': endpointCounters.invalid,
  'VXLAN from a workload': endpointCounters.tunnel,
  'IPIP from a workload': endpointCounters.tunnel,
  'VXLAN from a stranger': tunnelCounter,
  'IPIP from a stranger': tunnelCounter,
  'service address of nobody': serviceLoopCounter,
  'packet rate': limitCounters.rate,
  connections: limitCounters.connections,
};
const tierEnd = 'end of tier ';
/** Endpoints' chains of what comes in by policy: to workloads, and from where hosts are spoken to. */
const ingressChain = /^cali-(tw|fh|fhfw)-/;

/** `saves`: what `iptables-save -c` prints. A policy rule may be several of the kernel, in both families and several tables: they are added up. */
export function countHits(saves: readonly string[], rulesets: readonly Ruleset[], world: HitsWorld): Hits {
  const counted = countedRules(rulesets);
  const sums = new Map<string, RuleHits>();
  const others = new Map<string, OtherHits>();
  for (const line of saves.flatMap((text) => text.split('\n'))) {
    const [, packets, bytes] = counters.exec(line) ?? [];
    const what = counted.get(hashPattern.exec(line)?.[1] ?? '');
    if (packets === undefined || bytes === undefined || what === undefined) continue;
    if (typeof what === 'string') addOther(others, what, BigInt(packets), BigInt(bytes));
    else add(sums, what, BigInt(packets), BigInt(bytes), world);
  }
  return { rules: [...sums.values()], others: [...others.values()] };
}

function countedRules(rulesets: readonly Ruleset[]): ReadonlyMap<string, Counted> {
  const counted = new Map<string, Counted>();
  for (const { tables } of rulesets) {
    for (const { chains } of Object.values(tables)) {
      for (const [name, { owner, hashes, chain }] of chains) {
        chain.rules.forEach((rule, i) => {
          const { policyRuleIndex: index } = rule;
          const what = owner === undefined ? stageOf(rule, name) : index === undefined ? undefined : { owner, index };
          if (what !== undefined) counted.set(hashes[i] as string, what);
        });
      }
    }
  }
  return counted;
}

/** Undefined: it decides nothing. */
function stageOf({ label = '', target }: IptablesRule, chain: string): string | undefined {
  const [, verdict = ''] = target;
  if (chain === 'cali-nat-outgoing') return verdict === 'RETURN' ? undefined : natCounter;
  if (verdict !== 'DROP' && verdict !== 'REJECT') return undefined;
  const direction = ingressChain.test(chain) ? 'ingress' : 'egress';
  if (label === 'nothing accepted') return endpointCounters[direction];
  return label.startsWith(tierEnd) ? tierCounterName(label.slice(tierEnd.length), direction) : stages[label];
}

function addOther(others: Map<string, OtherHits>, name: string, packets: bigint, bytes: bigint): void {
  const before = others.get(name) ?? { packets: 0n, bytes: 0n };
  others.set(name, { name, packets: before.packets + packets, bytes: before.bytes + bytes });
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
