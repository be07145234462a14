/**
 * Which items match which selectors, kept up to date change by change. Used twice: policies against local endpoints, and IP sets
 * against every endpoint and network set. Pure.
 * Work is in proportion to what matches: an item looks only at selectors filed under its labels, a selector only at items that
 * carry a label it needs (`selector/restrictions.ts`). Inherited labels are not copied to items: they are found through parents.
 */
import { addToBag, eachInBag, isInBag, takeFromBag } from '#appliance/lib/collections/bag.ts';
import type { Selector } from '#appliance/selector/ast.ts';
import { compileSelector } from '#appliance/selector/match.ts';
import { labelsIn, type Restriction, restrictionsOf } from '#appliance/selector/restrictions.ts';
import { LabelBuckets } from './label-buckets.ts';
import { ItemEntry, type Parent, type SelectorEntry } from './label-index-rows.ts';
import { isSameList, type LabelPairs, pairsOf } from './label-pairs.ts';

/** Told of every change of a match; starts come before stops when one change causes both. Must not change the index. */
export interface MatchListener<S, I> {
  onMatchStart(selector: S, item: I): void;
  onMatchStop(selector: S, item: I): void;
}

export interface IndexSize {
  readonly items: number;
  readonly selectors: number;
  readonly hits: number;
  readonly misses: number;
}

const noParents: readonly Parent[] = [];

/** A selector filed under a label alone is tried on everything that has the label, so that costs more than a value. */
const labelOnlyCost = 4;

/** `S` and `I` are what the listener gets to see for a selector and an item. */
export class LabelIndex<S, I> {
  readonly #listener: MatchListener<S, I>;
  readonly #selectors = new Map<string, SelectorEntry<S>>();
  readonly #items = new Map<string, ItemEntry<S, I>>();
  readonly #parents = new Map<string, Parent>();
  readonly #filedSelectors = new LabelBuckets<SelectorEntry<S>>();
  readonly #unfiledSelectors = new Set<SelectorEntry<S>>();
  readonly #itemsByLabel = new LabelBuckets<ItemEntry<S, I>>();
  readonly #parentsByLabel = new LabelBuckets<Parent>();
  /** How many selectors look at a label. */
  readonly #mentions = new Map<string, number>();
  #hits = 0;
  #misses = 0;

  constructor(listener: MatchListener<S, I>) {
    this.#listener = listener;
  }

  /** Adds a selector under an unused id. */
  addSelector(id: string, data: S, selector: Selector): void {
    const filedUnder = restrictionsOf(selector, (restriction) => this.#filingCost(restriction));
    const entry = { data, selector, isMatch: compileSelector(selector), filedUnder };
    this.#selectors.set(id, entry);
    this.#fileSelector(entry);
    this.#eachCandidate(selector, (item) => this.#startIfMatch(entry, item));
  }

  /** Removes a selector, if it is there, and stops its matches. */
  removeSelector(id: string): void {
    const entry = this.#selectors.get(id);
    if (entry === undefined) return;
    this.#selectors.delete(id);
    this.#unfileSelector(entry);
    this.#eachCandidate(entry.selector, (item) => this.#stop(entry, item));
  }

  /** Adds an item or replaces its data and labels. Matches that go on cause no event: the caller knows about new data. */
  setItem(id: string, data: I, labels: LabelPairs, parentNames: readonly string[]): void {
    const item = this.#items.get(id);
    if (item === undefined) {
      const created = new ItemEntry<S, I>(data, labels, this.#parentsOf(parentNames));
      this.#items.set(id, created);
      this.#fileItem(created);
      this.#startMatches(created);
      return;
    }
    item.data = data;
    const parents = this.#parentsOf(parentNames);
    if (isSameList(item.labels, labels) && isSameList(item.parents, parents)) return;
    this.#unfileItem(item, parents);
    item.labels = labels;
    item.parents = parents;
    this.#fileItem(item);
    this.#recheck(item);
  }

  /** Removes an item, if it is there, and stops its matches. */
  removeItem(id: string): void {
    const item = this.#items.get(id);
    if (item === undefined) return;
    this.#items.delete(id);
    this.#unfileItem(item);
    eachInBag(item.matches, (entry) => this.#listener.onMatchStop(entry.data, item.data));
  }

  /** Every item with its data. */
  *eachItem(): Generator<readonly [string, I]> {
    for (const [id, { data }] of this.#items) yield [id, data];
  }

  /** Sets what a parent lends; undefined when it lends nothing. Costs as much as it has items, if any selector cares. */
  setParent(name: string, labels: LabelPairs | undefined): void {
    const before = this.#parents.get(name)?.labels;
    if (isSameList(before ?? [], labels ?? []) && (before === undefined) === (labels === undefined)) return;
    const parent = this.#parentOf(name);
    for (const [key, value] of pairsOf(before)) this.#parentsByLabel.delete(key, value, parent);
    parent.labels = labels;
    for (const [key, value] of pairsOf(labels)) this.#parentsByLabel.add(key, value, parent);
    if (this.#isMentioned(before) || this.#isMentioned(labels)) {
      for (const item of parent.items) this.#recheck(item as ItemEntry<S, I>);
    }
    this.#forgetIfUnused(parent);
  }

  /** The data of an item, or undefined. */
  itemData(id: string): I | undefined {
    return this.#items.get(id)?.data;
  }

  /** Calls `visit` for every selector that matches the item. */
  eachSelectorOf(id: string, visit: (selector: S) => void): void {
    eachInBag(this.#items.get(id)?.matches, (entry) => visit(entry.data));
  }

  /** Calls `visit` for every item that matches the selector. */
  eachItemOf(id: string, visit: (item: I) => void): void {
    const entry = this.#selectors.get(id);
    if (entry === undefined) return;
    const seen = new Set<object>();
    this.#eachCandidate(entry.selector, (item) => {
      if (!isInBag(item.matches, entry) || seen.has(item)) return;
      seen.add(item);
      visit(item.data);
    });
  }

  /** How much is in it, and how often a selector was asked and said yes or no. */
  get size(): IndexSize {
    return { items: this.#items.size, selectors: this.#selectors.size, hits: this.#hits, misses: this.#misses };
  }

  /** Rows held, of every sort: 0 when all has been removed. For tests and metrics. */
  get rows(): number {
    const maps = [this.#selectors, this.#items, this.#parents, this.#filedSelectors, this.#unfiledSelectors];
    const more = [this.#itemsByLabel, this.#parentsByLabel, this.#mentions];
    return [...maps, ...more].reduce((sum, map) => sum + map.size, 0);
  }

  #recheck(item: ItemEntry<S, I>): void {
    const before: SelectorEntry<S>[] = [];
    eachInBag(item.matches, (entry) => before.push(entry));
    this.#startMatches(item);
    for (const entry of before) if (!this.#matches(entry, item)) this.#stop(entry, item);
  }

  #matches(entry: SelectorEntry<S>, item: ItemEntry<S, I>): boolean {
    const isMatch = entry.isMatch(item);
    if (isMatch) this.#hits++;
    else this.#misses++;
    return isMatch;
  }

  #startMatches(item: ItemEntry<S, I>): void {
    const start = (entry: SelectorEntry<S>) => this.#startIfMatch(entry, item);
    this.#unfiledSelectors.forEach(start);
    this.#eachSelectorFor(item.labels, start);
    for (const parent of item.parents) if (parent.labels) this.#eachSelectorFor(parent.labels, start);
  }

  #eachSelectorFor(labels: LabelPairs, visit: (entry: SelectorEntry<S>) => void): void {
    for (let i = 0; i < labels.length; i += 2) {
      this.#filedSelectors.each(labels[i]!, labels[i + 1], visit);
      this.#filedSelectors.each(labels[i]!, undefined, visit);
    }
  }

  #startIfMatch(entry: SelectorEntry<S>, item: ItemEntry<S, I>): void {
    if (isInBag(item.matches, entry) || !this.#matches(entry, item)) return;
    item.matches = addToBag(item.matches, entry);
    this.#listener.onMatchStart(entry.data, item.data);
  }

  #stop(entry: SelectorEntry<S>, item: ItemEntry<S, I>): void {
    if (!isInBag(item.matches, entry)) return;
    item.matches = takeFromBag(item.matches, entry);
    this.#listener.onMatchStop(entry.data, item.data);
  }

  /** Every item that can match, some perhaps twice; the narrowest way as things are now. */
  #eachCandidate(selector: Selector, visit: (item: ItemEntry<S, I>) => void): void {
    const restrictions = restrictionsOf(selector, (restriction) => this.#scanCost(restriction));
    if (restrictions === undefined) {
      this.#items.forEach(visit);
      return;
    }
    const visitParent = (parent: Parent) => parent.items.forEach(visit as (item: object) => void);
    for (const { label, value } of restrictions) {
      if (value === undefined) {
        this.#itemsByLabel.eachOfLabel(label, visit);
        this.#parentsByLabel.eachOfLabel(label, visitParent);
      } else {
        this.#itemsByLabel.each(label, value, visit);
        this.#parentsByLabel.each(label, value, visitParent);
      }
    }
  }

  #scanCost({ label, value }: Restriction): number {
    let cost = value === undefined ? this.#itemsByLabel.total(label) : this.#itemsByLabel.count(label, value);
    const addParent = (parent: Parent) => {
      cost += parent.items.size;
    };
    if (value === undefined) this.#parentsByLabel.eachOfLabel(label, addParent);
    else this.#parentsByLabel.each(label, value, addParent);
    return cost;
  }

  #filingCost({ label, value }: Restriction): number {
    const filed = this.#filedSelectors.count(label, value) + 1;
    return value === undefined ? filed * labelOnlyCost : filed;
  }

  #fileSelector(entry: SelectorEntry<S>): void {
    if (entry.filedUnder === undefined) this.#unfiledSelectors.add(entry);
    else for (const { label, value } of entry.filedUnder) this.#filedSelectors.add(label, value, entry);
    for (const label of labelsIn(entry.selector)) this.#mentions.set(label, (this.#mentions.get(label) ?? 0) + 1);
  }

  #unfileSelector(entry: SelectorEntry<S>): void {
    if (entry.filedUnder === undefined) this.#unfiledSelectors.delete(entry);
    else for (const { label, value } of entry.filedUnder) this.#filedSelectors.delete(label, value, entry);
    for (const label of labelsIn(entry.selector)) {
      const rest = this.#mentions.get(label)! - 1;
      if (rest === 0) this.#mentions.delete(label);
      else this.#mentions.set(label, rest);
    }
  }

  #isMentioned(labels: LabelPairs | undefined): boolean {
    for (const [label] of pairsOf(labels)) if (this.#mentions.has(label)) return true;
    return false;
  }

  #fileItem(item: ItemEntry<S, I>): void {
    const { labels } = item;
    for (let i = 0; i < labels.length; i += 2) this.#itemsByLabel.add(labels[i]!, labels[i + 1], item);
    for (const parent of item.parents) parent.items.add(item);
  }

  /** Parents that nobody needs are forgotten, unless the item goes on to `keep` them. */
  #unfileItem(item: ItemEntry<S, I>, keep: readonly Parent[] = []): void {
    const { labels } = item;
    for (let i = 0; i < labels.length; i += 2) this.#itemsByLabel.delete(labels[i]!, labels[i + 1], item);
    for (const parent of item.parents) {
      parent.items.delete(item);
      if (!keep.includes(parent)) this.#forgetIfUnused(parent);
    }
  }

  #parentsOf(names: readonly string[]): readonly Parent[] {
    if (names.length === 0) return noParents;
    if (names.length === 1) return this.#parentOf(names[0]!).alone;
    return [...new Set(names)].map((name) => this.#parentOf(name));
  }

  #parentOf(name: string): Parent {
    const known = this.#parents.get(name);
    if (known !== undefined) return known;
    const alone: Parent[] = [];
    const parent: Parent = { name, labels: undefined, items: new Set(), alone };
    alone.push(parent);
    this.#parents.set(name, parent);
    return parent;
  }

  #forgetIfUnused(parent: Parent): void {
    if (parent.labels === undefined && parent.items.size === 0) this.#parents.delete(parent.name);
  }
}
