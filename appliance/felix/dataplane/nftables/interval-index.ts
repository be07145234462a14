/**
 * The prefixes of one IP set in one family as disjoint, maximal intervals: what the kernel's interval sets take. Pure.
 * Addresses are byte strings (latin1, network order), so that comparing text compares addresses. A change touches only the
 * interval it falls into; removing a prefix brings back what it covered.
 */

import type { Prefix } from '../../../lib/ip/address.ts';
import { addressBits, lastAddress } from '../../../lib/ip/address.ts';
import { increment, textOf } from './byte-text.ts';
import { eachItem, sortTexts, type Work } from './work.ts';

/** First and last address, both inclusive. */
export interface Interval {
  readonly first: string;
  readonly last: string;
}

/** Intervals that came and went; nothing is in both. */
export interface IntervalChanges {
  readonly added: readonly Interval[];
  readonly removed: readonly Interval[];
}

export class IntervalIndex {
  /** Sorted: first address, then length, so that what covers comes before what it covers. */
  #prefixes: string[] = [];
  /** Sorted and disjoint; no two touch. */
  #intervals: Interval[] = [];

  get size(): number {
    return this.#prefixes.length;
  }

  get intervals(): readonly Interval[] {
    return this.#intervals;
  }

  /** Prefixes are masked; adding what is there, or removing what is not, changes nothing. */
  *change(added: readonly Prefix[], removed: readonly Prefix[]): Work<IntervalChanges> {
    const isLarge = added.length + removed.length > 32 + this.#prefixes.length / 16;
    return isLarge ? yield* this.#rebuild(added, removed) : this.#changeEach(added, removed);
  }

  *#rebuild(added: readonly Prefix[], removed: readonly Prefix[]): Work<IntervalChanges> {
    const keys = new Set<string>();
    yield* eachItem(this.#prefixes, (key) => void keys.add(key));
    yield* eachItem(removed, (prefix) => void keys.delete(keyOf(prefix)));
    yield* eachItem(added, (prefix) => void keys.add(keyOf(prefix)));
    this.#prefixes = yield* sortTexts([...keys]);
    const before = this.#intervals;
    const merged: Interval[] = [];
    yield* eachItem(this.#prefixes, (key) => mergeOne(merged, intervalOf(key)));
    this.#intervals = merged;
    return yield* difference(before, merged);
  }

  #changeEach(added: readonly Prefix[], removed: readonly Prefix[]): IntervalChanges {
    const net = new NetChange();
    for (const prefix of removed) this.#remove(keyOf(prefix), net);
    for (const prefix of added) this.#add(keyOf(prefix), net);
    return net.changes();
  }

  #add(key: string, net: NetChange): void {
    const at = lowerBound(this.#prefixes, key);
    if (this.#prefixes[at] === key) return;
    this.#prefixes.splice(at, 0, key);
    this.#reshape(intervalOf(key), (within) => mergeIntervals([...within, intervalOf(key)].sort(byFirst)), net);
  }

  #remove(key: string, net: NetChange): void {
    const at = lowerBound(this.#prefixes, key);
    if (this.#prefixes[at] !== key) return;
    this.#prefixes.splice(at, 1);
    this.#reshape(intervalOf(key), ([whole]) => (whole === undefined ? [] : merge(this.#prefixesWithin(whole))), net);
  }

  #prefixesWithin({ first, last }: Interval): string[] {
    const to = lowerBound(this.#prefixes, `${last}\xff`);
    return this.#prefixes.slice(lowerBound(this.#prefixes, first), to);
  }

  /** Replaces the intervals that overlap or touch `window` by what `shape` makes of them. */
  #reshape(window: Interval, shape: (within: Interval[]) => Interval[], net: NetChange): void {
    const from = this.#firstTouching(window.first);
    const after = increment(window.last);
    let to = from;
    while (to < this.#intervals.length && (after === undefined || this.#intervals[to]!.first <= after)) to++;
    const before = this.#intervals.slice(from, to);
    const now = shape(before);
    this.#intervals.splice(from, to - from, ...now);
    net.replace(before, now);
  }

  /** The first interval that ends at or just before `first`, or later. */
  #firstTouching(first: string): number {
    let low = 0;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const after = increment(this.#intervals[middle]!.last);
      if (after !== undefined && after < first) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Sums up changes, so that what comes and goes again is not reported. */
class NetChange {
  readonly #added = new Map<string, Interval>();
  readonly #removed = new Map<string, Interval>();

  replace(before: readonly Interval[], now: readonly Interval[]): void {
    for (const interval of before) move(interval, this.#added, this.#removed);
    for (const interval of now) move(interval, this.#removed, this.#added);
  }

  changes(): IntervalChanges {
    return { added: [...this.#added.values()], removed: [...this.#removed.values()] };
  }
}

function move(interval: Interval, from: Map<string, Interval>, to: Map<string, Interval>): void {
  const key = interval.first + interval.last;
  if (!from.delete(key)) to.set(key, interval);
}

/** Both sorted and disjoint. */
function* difference(before: readonly Interval[], now: readonly Interval[]): Work<IntervalChanges> {
  const added: Interval[] = [];
  const removed: Interval[] = [];
  let at = 0;
  yield* eachItem(now, (interval) => {
    while (at < before.length && before[at]!.first < interval.first) removed.push(before[at++]!);
    const known = before[at];
    if (known?.first !== interval.first) added.push(interval);
    else if (known.last === interval.last) at++;
    else {
      removed.push(known);
      added.push(interval);
      at++;
    }
  });
  yield* eachItem(before.slice(at), (interval) => void removed.push(interval));
  return { added, removed };
}

function keyOf(prefix: Prefix): string {
  return textOf(prefix.address.bytes) + String.fromCharCode(prefix.length);
}

function intervalOf(key: string): Interval {
  const first = key.slice(0, -1);
  const family = first.length === 4 ? 4 : 6;
  const bytes = Uint8Array.from(first, (character) => character.charCodeAt(0));
  const length = key.charCodeAt(first.length);
  if (length === addressBits(family)) return { first, last: first };
  return { first, last: textOf(lastAddress({ address: { family, bytes }, length }).bytes) };
}

/** `keys` sorted. */
function merge(keys: readonly string[]): Interval[] {
  return mergeIntervals(keys.map(intervalOf));
}

/** `sorted` by first address; joins what overlaps or touches. */
function mergeIntervals(sorted: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const interval of sorted) mergeOne(merged, interval);
  return merged;
}

/** `interval` begins where the last of `merged` begins, or later. */
function mergeOne(merged: Interval[], interval: Interval): void {
  const open = merged[merged.length - 1];
  const after = open === undefined ? undefined : increment(open.last);
  if (open === undefined || (after !== undefined && interval.first > after)) merged.push(interval);
  else if (interval.last > open.last) merged[merged.length - 1] = { first: open.first, last: interval.last };
}

function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byFirst(a: Interval, b: Interval): number {
  return compareText(a.first, b.first);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
