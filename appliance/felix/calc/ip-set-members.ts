/**
 * The IP sets that active rules need, and who is in them: everything in the cluster with an address, matched by labels. Pure.
 * A set lives as long as rules need it; one that was announced lingers until its removal is handed out, so that needing it
 * again in between costs nothing.
 */
import { isEqual } from '#appliance/lib/collections/equal.ts';
import { Interner } from '#appliance/lib/collections/interner.ts';
import { listChange } from '#appliance/lib/collections/list-change.ts';
import type { Message } from '../model/messages.ts';
import { type Contributor, IpSet, type IpSetDefinition } from './ip-set.ts';
import { LabelIndex } from './label-index.ts';
import type { LabelPairs } from './label-pairs.ts';

/** A contributor with the labels by which it is found; `profiles` in order. */
export interface LabelledContributor extends Contributor {
  readonly labels: LabelPairs;
  readonly profiles: readonly string[];
}

export class IpSetMembers {
  readonly #sets = new Map<string, IpSet>();
  readonly #texts = new Interner<string>();
  readonly #ports = new Interner<Contributor['ports']>();
  /** Sets that may have something to hand out. */
  readonly #dirty = new Set<IpSet>();
  /** Announced sets nobody needs any more. */
  readonly #unneeded = new Set<IpSet>();
  readonly #index = new LabelIndex<IpSet, Contributor>({
    onMatchStart: (set, contributor) => {
      set.join(contributor);
      this.#dirty.add(set);
    },
    onMatchStop: (set, contributor) => {
      if (this.#sets.get(set.definition.id) !== set) return;
      set.leave(contributor);
      this.#dirty.add(set);
    },
  });

  /** Adds a contributor or replaces what it is. */
  setContributor(key: string, { labels, profiles, nets, ports }: LabelledContributor): void {
    const before = this.#index.itemData(key);
    const contributor: Contributor = { nets, ports: this.#sharePorts(ports) };
    if (before !== undefined) this.#replace(key, before, contributor);
    const shared = labels.map((text) => this.#texts.share(text, text));
    this.#index.setItem(key, contributor, shared, profiles);
  }

  /** The nets a contributor brings; none when it is not there. */
  netsOf(key: string): readonly string[] {
    return this.#index.itemData(key)?.nets ?? [];
  }

  /** Every contributor's key with its nets. */
  *eachContributor(): Generator<readonly [string, readonly string[]]> {
    for (const [key, { nets }] of this.#index.eachItem()) yield [key, nets];
  }

  removeContributor(key: string): void {
    this.#index.removeItem(key);
  }

  /** Sets the labels that members of a profile inherit; undefined when there are none. */
  setProfileLabels(name: string, labels: LabelPairs | undefined): void {
    this.#index.setParent(name, labels);
  }

  /** Counts one more need of a set, and creates it at the first. */
  acquire(definition: IpSetDefinition): void {
    const set = this.#sets.get(definition.id) ?? this.#create(definition);
    set.references++;
    this.#unneeded.delete(set);
  }

  /** Counts one need less; every `acquire` has exactly one. */
  release(id: string): void {
    const set = this.#sets.get(id)!;
    if (--set.references > 0) return;
    if (set.isSent) this.#unneeded.add(set);
    else this.#destroy(set);
  }

  /** Hands out new sets and changes of members; yields nothing where it may rest. */
  *takeUpdates(): Generator<Message | undefined> {
    for (const set of this.#dirty) {
      if (set.references > 0) yield* set.settle();
      this.#dirty.delete(set);
      const message = set.references === 0 ? undefined : set.takeUpdate();
      if (message !== undefined) yield message;
    }
  }

  /** Hands out removals of sets that were announced and are not needed. */
  *takeRemovals(): Generator<Message> {
    for (const set of this.#unneeded) {
      this.#destroy(set);
      yield { type: 'ip-set-remove', id: set.definition.id };
    }
  }

  /** All are to be handed out again; those nobody needs are gone. */
  forgetSent(): void {
    for (const set of this.#unneeded) this.#destroy(set);
    for (const set of this.#sets.values()) {
      set.forgetSent();
      this.#dirty.add(set);
    }
  }

  /** True when something may have to be handed out. */
  get hasPending(): boolean {
    return this.#dirty.size > 0 || this.#unneeded.size > 0;
  }

  get indexSize() {
    return this.#index.size;
  }

  /** Rows held; 0 when all has been removed. */
  get rows(): number {
    return this.#sets.size + this.#dirty.size + this.#unneeded.size + this.#index.rows;
  }

  #create(definition: IpSetDefinition): IpSet {
    const set = new IpSet(definition);
    this.#sets.set(definition.id, set);
    this.#dirty.add(set);
    if (definition.selector !== undefined) this.#index.addSelector(definition.id, set, definition.selector);
    return set;
  }

  #destroy(set: IpSet): void {
    const { id } = set.definition;
    this.#sets.delete(id);
    this.#dirty.delete(set);
    this.#unneeded.delete(set);
    this.#index.removeSelector(id);
  }

  #sharePorts(ports: Contributor['ports']): Contributor['ports'] {
    const key = ports.map(({ name, protocol, port }) => `${name},${protocol},${port}`).join();
    return this.#ports.share(key, ports);
  }

  /** Joins before it leaves, so that a member both bring does not flap. */
  #replace(key: string, before: Contributor, after: Contributor): void {
    const { joining, leaving } = contributionChange(before, after);
    if (joining.nets.length + leaving.nets.length === 0) return;
    this.#index.eachSelectorOf(key, (set) => {
      set.join(joining);
      set.leave(leaving);
      this.#dirty.add(set);
    });
  }
}

/** With the same ports it is enough to look at the nets that differ, which are few in a set of very many. */
function contributionChange(before: Contributor, after: Contributor): { joining: Contributor; leaving: Contributor } {
  if (!isEqual(before.ports, after.ports)) return { joining: after, leaving: before };
  const { added, removed } = listChange(before.nets, after.nets);
  return { joining: { nets: added, ports: after.ports }, leaving: { nets: removed, ports: before.ports } };
}
