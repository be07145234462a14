/**
 * Scanned rules of everything that is active, with their claims on IP sets. A policy or profile is an owner here. Pure.
 * New claims are made before old ones are given up, so that a set both need stays as it is.
 */
import type { ProfileRules } from '../model/policy.ts';
import type { RuleInput } from './convert/rule.ts';
import type { IpSetDefinition } from './ip-set.ts';
import type { IpSetMembers } from './ip-set-members.ts';
import { scanRules } from './rule-scanner.ts';

/** What has rules in two directions. */
export interface RulesInput {
  readonly inbound: readonly RuleInput[];
  readonly outbound: readonly RuleInput[];
}

export class ActiveRules {
  readonly #sets: IpSetMembers;
  readonly #claims = new Map<string, ReadonlySet<string>>();

  constructor(sets: IpSetMembers) {
    this.#sets = sets;
  }

  /** Rows held; 0 when nothing is active. */
  get rows(): number {
    return this.#claims.size;
  }

  /** Scans the rules of `owner`, in place of those it had. */
  activate(owner: string, { inbound, outbound }: RulesInput): ProfileRules {
    const needed = new Map<string, IpSetDefinition>();
    const need = (set: IpSetDefinition) => void needed.set(set.id, set);
    const rules = { inbound: scanRules(inbound, need), outbound: scanRules(outbound, need) };
    this.#claim(owner, needed);
    return rules;
  }

  /** Gives up what `owner` claimed. */
  deactivate(owner: string): void {
    this.#claim(owner, new Map());
  }

  #claim(owner: string, needed: ReadonlyMap<string, IpSetDefinition>): void {
    const before = this.#claims.get(owner) ?? new Set<string>();
    for (const set of needed.values()) if (!before.has(set.id)) this.#sets.acquire(set);
    for (const id of before) if (!needed.has(id)) this.#sets.release(id);
    if (needed.size === 0) this.#claims.delete(owner);
    else this.#claims.set(owner, new Set(needed.keys()));
  }
}
