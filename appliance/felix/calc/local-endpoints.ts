/** The endpoints of this host: keeps track of whose policies have changed and resolves those when asked. Pure. */
import { DeltaTable } from '#appliance/lib/collections/delta.ts';
import type { Message } from '../model/messages.ts';
import { ActivePolicies } from './active-policies.ts';
import type { ActiveProfiles } from './active-profiles.ts';
import type { ActiveRules } from './active-rules.ts';
import type { TierInput } from './convert/tier.ts';
import type { LabelPairs } from './label-pairs.ts';
import { type EndpointUpdate, type LocalEndpoint, removeEndpoint, resolveEndpoint } from './local-endpoint.ts';

export class LocalEndpoints {
  readonly policies: ActivePolicies;
  readonly #profiles: ActiveProfiles;
  readonly #tiers = new Map<string, TierInput>();
  readonly #endpoints = new Map<string, LocalEndpoint>();
  readonly #dirty = new Set<string>();
  #table = new DeltaTable<string, EndpointUpdate>();

  constructor(rules: ActiveRules, profiles: ActiveProfiles) {
    this.#profiles = profiles;
    this.policies = new ActivePolicies(rules, (key) => void this.#dirty.add(key));
  }

  /** Rows held; 0 when all has been removed and handed out. */
  get rows(): number {
    return this.#tiers.size + this.#endpoints.size + this.#dirty.size + this.#table.size + this.#table.pending;
  }

  get hasPending(): boolean {
    return this.#dirty.size > 0 || this.#table.pending > 0;
  }

  /** Adds or replaces the endpoint of a resource; `key` is the resource's. */
  setEndpoint(key: string, endpoint: LocalEndpoint, labels: LabelPairs): void {
    const { profiles } = endpoint.endpoint;
    this.#profiles.moveReferences(this.#endpoints.get(key)?.endpoint.profiles ?? [], profiles);
    this.#endpoints.set(key, endpoint);
    this.#dirty.add(key);
    this.policies.setEndpoint(key, labels, profiles);
  }

  /** Removes the endpoint of a resource, if it is there. */
  removeEndpoint(key: string): void {
    const before = this.#endpoints.get(key);
    if (before === undefined) return;
    this.#endpoints.delete(key);
    this.policies.removeEndpoint(key);
    this.#profiles.moveReferences(before.endpoint.profiles, []);
    this.#dirty.add(key);
  }

  /** Adds, replaces or, with undefined, removes a tier. The place of any policy may change with it. */
  setTier(name: string, tier: TierInput | undefined): void {
    if (tier === undefined) this.#tiers.delete(name);
    else this.#tiers.set(name, tier);
    for (const key of this.#endpoints.keys()) this.#dirty.add(key);
  }

  /** All of them are to be resolved and handed out again. */
  forgetSent(): void {
    this.#table = new DeltaTable();
    for (const key of this.#endpoints.keys()) this.#dirty.add(key);
  }

  /** Resolves what has changed and hands it out, one endpoint at a time. */
  *takeUpdates(): Generator<Message> {
    for (const key of this.#dirty) {
      const endpoint = this.#endpoints.get(key);
      if (endpoint === undefined) continue;
      this.#dirty.delete(key);
      this.#table.set(key, resolveEndpoint(endpoint, this.policies.policiesOf(key), this.#tiers));
      for (const [, update] of this.#table.takeUpdates()) yield update;
    }
  }

  /** Hands out what is gone; to be called after `takeUpdates`. */
  *takeRemovals(): Generator<Message> {
    for (const key of this.#dirty) this.#table.delete(key);
    this.#dirty.clear();
    for (const [, update] of this.#table.takeRemovals()) yield removeEndpoint(update);
  }
}
