/** Rules of the profiles that local endpoints name. One that is missing denies everything, both ways. Pure. */
import { DeltaTable } from '#appliance/lib/collections/delta.ts';
import type { Message } from '../model/messages.ts';
import type { ProfileRules } from '../model/policy.ts';
import type { ActiveRules, RulesInput } from './active-rules.ts';

const denyAll: ProfileRules = {
  inbound: [{ action: 'deny', src: {}, dst: {} }],
  outbound: [{ action: 'deny', src: {}, dst: {} }],
};

export class ActiveProfiles {
  readonly #rules: ActiveRules;
  readonly #profiles = new Map<string, RulesInput>();
  /** How often local endpoints name a profile. */
  readonly #references = new Map<string, number>();
  readonly #table = new DeltaTable<string, ProfileRules>();

  constructor(rules: ActiveRules) {
    this.#rules = rules;
  }

  /** Rows held; 0 when all has been removed. */
  get rows(): number {
    return this.#profiles.size + this.#references.size + this.#table.size + this.#table.pending;
  }

  get hasPending(): boolean {
    return this.#table.pending > 0;
  }

  /** Adds, replaces or, with undefined, removes the rules of a profile. */
  setProfile(name: string, input: RulesInput | undefined): void {
    if (input === undefined) this.#profiles.delete(name);
    else this.#profiles.set(name, input);
    if (this.#references.has(name)) this.#send(name);
  }

  /** Counts the profiles an endpoint names from now on in place of those it named before. */
  moveReferences(before: readonly string[], after: readonly string[]): void {
    for (const name of after) this.#acquire(name);
    for (const name of before) this.#release(name);
  }

  /** All of it is to be handed out again. */
  forgetSent(): void {
    this.#table.forgetSent();
  }

  *takeUpdates(): Generator<Message> {
    for (const [name, profile] of this.#table.takeUpdates()) yield { type: 'profile-update', name, profile };
  }

  *takeRemovals(): Generator<Message> {
    for (const [name] of this.#table.takeRemovals()) yield { type: 'profile-remove', name };
  }

  #acquire(name: string): void {
    const count = this.#references.get(name) ?? 0;
    this.#references.set(name, count + 1);
    if (count === 0) this.#send(name);
  }

  #release(name: string): void {
    const rest = this.#references.get(name)! - 1;
    if (rest > 0) {
      this.#references.set(name, rest);
      return;
    }
    this.#references.delete(name);
    this.#rules.deactivate(ownerOf(name));
    this.#table.delete(name);
  }

  #send(name: string): void {
    const input = this.#profiles.get(name);
    if (input === undefined) this.#rules.deactivate(ownerOf(name));
    this.#table.set(name, input === undefined ? denyAll : this.#rules.activate(ownerOf(name), input));
  }
}

/** No policy is called so: their kinds come first. */
function ownerOf(name: string): string {
  return `profile/${name}`;
}
