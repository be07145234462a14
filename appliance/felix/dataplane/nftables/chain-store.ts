/**
 * Chains: which are to exist, what is in them, and what the kernel has of them. Pure.
 * A chain exists while something refers to it. What a chain's content depends on is kept in reverse indexes, so a change finds its chains.
 */
import { printPolicyId } from '../../model/policy.ts';
import type { ChainSpec } from '../../render/chain-spec.ts';
import { childrenOf } from '../../render/chain-spec.ts';
import type { ListSet, RenderedChain, RenderedRule } from '../../render/rendered.ts';
import { ruleKey } from '../../render/rendered.ts';
import { MultiMap } from '../multi-map.ts';
import type { Counted } from './counted.ts';
import { eachItem, type Work } from './work.ts';

/** A rule to be written, under the key that tells it from others. */
export interface KeyedRule {
  readonly key: string;
  readonly rule: RenderedRule;
}

/** What the kernel has of a chain. */
export interface WrittenChain {
  readonly keys: readonly string[];
  /** Numbers, not bigints: there are many, and the kernel counts them up from one. */
  readonly handles: readonly number[];
}

interface Chain {
  /** Absent for a chain that always exists. */
  readonly spec?: ChainSpec;
  refs: number;
  setIds: readonly string[];
  lists: readonly ListSet[];
  netSets: readonly string[];
  counters: readonly string[];
  /** Of the rules that jump here and say nothing else. */
  jumpKey?: string;
  /** Content not yet in the kernel. */
  unwritten?: readonly KeyedRule[] | undefined;
}

export interface ChainStoreParts {
  readonly counters: Counted;
  readonly netSets: Counted;
  /** Rules look the set up, or do so no more. */
  readonly acquireSet: (id: string) => void;
  readonly releaseSet: (id: string) => void;
  readonly acquireList: (list: ListSet) => void;
  readonly releaseList: (list: ListSet) => void;
}

const none: readonly never[] = [];

export class ChainStore {
  readonly #chains = new Map<string, Chain>();
  readonly #parts: ChainStoreParts;
  /** To be rendered. */
  readonly #stale = new Set<string>();
  /** To be written, or deleted when no chain of the name is wanted. */
  readonly #changed = new Set<string>();
  readonly #written = new Map<string, WrittenChain>();
  readonly #usersOfSet = new MultiMap();
  readonly #tiersOfPolicy = new MultiMap();
  readonly #chainsOfPolicy = new MultiMap();
  readonly #chainsOfProfile = new MultiMap();

  constructor(parts: ChainStoreParts) {
    this.#parts = parts;
  }

  acquire(spec: ChainSpec): void {
    const known = this.#chains.get(spec.name);
    if (known !== undefined) {
      known.refs++;
      return;
    }
    this.#chains.set(spec.name, { spec, refs: 1, setIds: none, lists: none, netSets: none, counters: none });
    this.#stale.add(spec.name);
    this.#index(spec, true);
    for (const child of childrenOf(spec)) this.acquire(child);
  }

  release(name: string): void {
    const chain = this.#chains.get(name);
    if (chain?.spec === undefined || --chain.refs > 0) return;
    this.#setContent(name, chain, { rules: none, setIds: none, lists: none, netSets: none });
    this.#chains.delete(name);
    this.#stale.delete(name);
    this.#changed.add(name);
    this.#index(chain.spec, false);
    for (const child of childrenOf(chain.spec)) this.release(child.name);
  }

  /** A chain that always exists gets this content. */
  put(name: string, content: RenderedChain): void {
    let chain = this.#chains.get(name);
    if (chain === undefined) {
      chain = { refs: 1, setIds: none, lists: none, netSets: none, counters: none };
      this.#chains.set(name, chain);
    }
    this.#setContent(name, chain, content);
  }

  /** A chain that was put is needed no more. */
  withdraw(name: string): void {
    const chain = this.#chains.get(name);
    if (chain === undefined) return;
    this.#setContent(name, chain, { rules: none, setIds: none, lists: none, netSets: none });
    this.#chains.delete(name);
    this.#changed.add(name);
  }

  /** Renders what is stale. */
  *render(content: (spec: ChainSpec) => RenderedChain): Work {
    for (const name of this.#stale) {
      this.#stale.delete(name);
      const chain = this.#chains.get(name);
      if (chain?.spec !== undefined) this.#setContent(name, chain, content(chain.spec));
      yield;
    }
  }

  markSetUsers(setId: string): void {
    for (const name of this.#usersOfSet.get(setId)) this.#stale.add(name);
  }

  /** `isTierToo`: what tiers must know of the policy changed as well. */
  markPolicy(policy: string, isTierToo: boolean): void {
    for (const name of this.#chainsOfPolicy.get(policy)) this.#stale.add(name);
    if (isTierToo) for (const name of this.#tiersOfPolicy.get(policy)) this.#stale.add(name);
  }

  markProfile(profile: string): void {
    for (const name of this.#chainsOfProfile.get(profile)) this.#stale.add(name);
  }

  /** Maps that their rules ask got their first element, or lost their last. */
  markStages(): void {
    for (const [name, { spec }] of this.#chains) if (spec?.type === 'stage') this.#stale.add(name);
  }

  markAll(): void {
    for (const [name, chain] of this.#chains) if (chain.spec !== undefined) this.#stale.add(name);
  }

  specOf(name: string): ChainSpec | undefined {
    return this.#chains.get(name)?.spec;
  }

  isWanted(name: string): boolean {
    return this.#chains.has(name);
  }

  wantedNames(): Iterable<string> {
    return this.#chains.keys();
  }

  changed(): ReadonlySet<string> {
    return this.#changed;
  }

  unwrittenOf(name: string): readonly KeyedRule[] {
    return this.#chains.get(name)?.unwritten ?? none;
  }

  writtenOf(name: string): WrittenChain | undefined {
    return this.#written.get(name);
  }

  get writtenCount(): number {
    return this.#written.size;
  }

  get writtenRules(): number {
    let count = 0;
    for (const { keys } of this.#written.values()) count += keys.length;
    return count;
  }

  /** The kernel has the changed chains now. */
  *commit(written: ReadonlyMap<string, WrittenChain>): Work {
    yield* eachItem(this.#changed, (name) => {
      const now = written.get(name);
      if (now === undefined) this.#written.delete(name);
      else this.#written.set(name, now);
      const chain = this.#chains.get(name);
      if (chain !== undefined) chain.unwritten = undefined;
    });
    this.#changed.clear();
  }

  /** The kernel has nothing: every chain is to be rendered and written. Chains that always exist must be put again. */
  forgetWritten(): void {
    this.#written.clear();
    this.#changed.clear();
    this.markAll();
  }

  #setContent(name: string, chain: Chain, content: RenderedChain): void {
    this.#moveReferences(name, chain, content);
    const rules = content.rules.map((rule) => ({ key: this.#keyOf(rule), rule }));
    const isWritten = isSame(this.#written.get(name)?.keys, rules);
    chain.unwritten = isWritten ? undefined : rules;
    if (isWritten) this.#changed.delete(name);
    else this.#changed.add(name);
  }

  #keyOf(rule: RenderedRule): string {
    const target = rule.jumpsTo === undefined ? undefined : this.#chains.get(rule.jumpsTo);
    if (target === undefined) return ruleKey(rule);
    target.jumpKey ??= ruleKey(rule);
    return target.jumpKey;
  }

  #moveReferences(name: string, chain: Chain, { rules, setIds, lists, netSets }: RenderedChain): void {
    const { parts, before } = { parts: this.#parts, before: { ...chain } };
    chain.counters = compact(rules.flatMap(countersOf));
    for (const id of compact(setIds)) parts.acquireSet(id);
    for (const list of lists) parts.acquireList(list);
    for (const set of netSets) parts.netSets.acquire(set);
    for (const counter of chain.counters) parts.counters.acquire(counter);
    for (const list of before.lists) parts.releaseList(list);
    for (const set of before.netSets) parts.netSets.release(set);
    for (const counter of before.counters) parts.counters.release(counter);
    for (const id of before.setIds) {
      parts.releaseSet(id);
      this.#usersOfSet.delete(id, name);
    }
    for (const id of setIds) this.#usersOfSet.add(id, name);
    chain.setIds = compact(setIds);
    chain.lists = compact(lists);
    chain.netSets = compact(netSets);
  }

  #index(spec: ChainSpec, isAdded: boolean): void {
    const put = (index: MultiMap, key: string) => (isAdded ? index.add(key, spec.name) : index.delete(key, spec.name));
    if (spec.type === 'policy') put(this.#chainsOfPolicy, printPolicyId(spec.id));
    if (spec.type === 'profile') put(this.#chainsOfProfile, spec.profile);
    if (spec.type === 'tier') for (const { id } of spec.policies) put(this.#tiersOfPolicy, printPolicyId(id));
  }
}

function countersOf({ counter, alsoCounts }: RenderedRule): readonly string[] {
  return counter === undefined ? none : alsoCounts === undefined ? [counter] : [counter, ...alsoCounts];
}

/** Empty lists are many: they share one. */
function compact<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? none : [...new Set(list)];
}

function isSame(keys: readonly string[] | undefined, rules: readonly KeyedRule[]): boolean {
  return keys !== undefined && keys.length === rules.length && keys.every((key, i) => key === rules[i]?.key);
}
