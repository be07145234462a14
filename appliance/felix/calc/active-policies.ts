/**
 * Which policies apply to which local endpoints. A policy is active while it matches one (or asks to be everywhere); only
 * active ones are scanned and sent. Pure.
 */

import { DeltaTable } from '#appliance/lib/collections/delta.ts';
import { printSelector } from '#appliance/selector/print.ts';
import type { Message } from '../model/messages.ts';
import { type Policy, type PolicyId, printPolicyId } from '../model/policy.ts';
import type { ActiveRules } from './active-rules.ts';
import type { PolicyInput } from './convert/policy.ts';
import { LabelIndex } from './label-index.ts';
import type { LabelPairs } from './label-pairs.ts';
import type { OrderedPolicy } from './policy-order.ts';

interface PolicyState extends OrderedPolicy {
  readonly key: string;
  input: PolicyInput;
  /** Local endpoints it matches. */
  matches: number;
  isActive: boolean;
}

interface SentPolicy {
  readonly id: PolicyId;
  readonly policy: Policy;
}

export class ActivePolicies {
  readonly #rules: ActiveRules;
  readonly #onEndpointChanged: (endpointKey: string) => void;
  readonly #policies = new Map<string, PolicyState>();
  readonly #table = new DeltaTable<string, SentPolicy>();
  readonly #index = new LabelIndex<PolicyState, string>({
    onMatchStart: (policy, endpointKey) => this.#countMatch(policy, endpointKey, 1),
    onMatchStop: (policy, endpointKey) => this.#countMatch(policy, endpointKey, -1),
  });

  /** `onEndpointChanged` hears of every endpoint whose policies, or their order, may have changed. */
  constructor(rules: ActiveRules, onEndpointChanged: (endpointKey: string) => void) {
    this.#rules = rules;
    this.#onEndpointChanged = onEndpointChanged;
  }

  /** Rows held; 0 when all has been removed. */
  get rows(): number {
    return this.#policies.size + this.#index.rows + this.#table.size + this.#table.pending;
  }

  get hasPending(): boolean {
    return this.#table.pending > 0;
  }

  /** Adds, replaces or, with undefined, removes a policy. */
  setPolicy(id: PolicyId, input: PolicyInput | undefined): void {
    const key = printPolicyId(id);
    const state = this.#policies.get(key);
    if (input === undefined) {
      if (state !== undefined) this.#remove(state);
    } else if (state === undefined) {
      this.#add({ id, key, input, matches: 0, isActive: false });
    } else {
      this.#replace(state, input);
    }
  }

  setEndpoint(key: string, labels: LabelPairs, profiles: readonly string[]): void {
    this.#index.setItem(key, key, labels, profiles);
  }

  removeEndpoint(key: string): void {
    this.#index.removeItem(key);
  }

  /** Sets the labels that endpoints of a profile inherit; undefined when there are none. */
  setProfileLabels(name: string, labels: LabelPairs | undefined): void {
    this.#index.setParent(name, labels);
  }

  /** The policies that match an endpoint, in no particular order. */
  policiesOf(endpointKey: string): readonly OrderedPolicy[] {
    const policies: OrderedPolicy[] = [];
    this.#index.eachSelectorOf(endpointKey, (policy) => policies.push(policy));
    return policies;
  }

  /** All of it is to be handed out again. */
  forgetSent(): void {
    this.#table.forgetSent();
  }

  *takeUpdates(): Generator<Message> {
    for (const [, { id, policy }] of this.#table.takeUpdates()) yield { type: 'policy-update', id, policy };
  }

  *takeRemovals(): Generator<Message> {
    for (const [, { id }] of this.#table.takeRemovals()) yield { type: 'policy-remove', id };
  }

  #add(state: PolicyState): void {
    this.#policies.set(state.key, state);
    this.#index.addSelector(state.key, state, state.input.selector);
    this.#refresh(state);
  }

  #remove(state: PolicyState): void {
    this.#policies.delete(state.key);
    this.#index.removeSelector(state.key);
    this.#deactivate(state);
  }

  #replace(state: PolicyState, input: PolicyInput): void {
    const before = state.input;
    if (printSelector(before.selector) !== printSelector(input.selector)) {
      this.#remove(state);
      this.#add({ ...state, input, matches: 0, isActive: false });
      return;
    }
    state.input = input;
    if (isPlacedElsewhere(before, input)) this.#index.eachItemOf(state.key, this.#onEndpointChanged);
    if (state.isActive) this.#send(state);
    this.#refresh(state);
  }

  #countMatch(state: PolicyState, endpointKey: string, change: 1 | -1): void {
    state.matches += change;
    this.#onEndpointChanged(endpointKey);
    if (this.#policies.get(state.key) === state) this.#refresh(state);
  }

  #refresh(state: PolicyState): void {
    const isWanted = state.matches > 0 || state.input.isNeededEverywhere;
    if (isWanted === state.isActive) return;
    if (!isWanted) {
      this.#deactivate(state);
      return;
    }
    state.isActive = true;
    this.#send(state);
  }

  #deactivate(state: PolicyState): void {
    if (!state.isActive) return;
    state.isActive = false;
    this.#rules.deactivate(state.key);
    this.#table.delete(state.key);
  }

  #send({ id, key, input }: PolicyState): void {
    const { tier, isStaged, isUntracked, isPreDnat } = input;
    const rules = this.#rules.activate(key, input);
    this.#table.set(key, { id, policy: { tier, isStaged, isUntracked, isPreDnat, ...rules } });
  }
}

/** True when the difference shows in the endpoints' lists. */
function isPlacedElsewhere(a: PolicyInput, b: PolicyInput): boolean {
  return (
    a.tier !== b.tier ||
    a.order !== b.order ||
    a.hasIngress !== b.hasIngress ||
    a.hasEgress !== b.hasEgress ||
    a.isUntracked !== b.isUntracked ||
    a.isPreDnat !== b.isPreDnat ||
    a.isAppliedOnForward !== b.isAppliedOnForward
  );
}
