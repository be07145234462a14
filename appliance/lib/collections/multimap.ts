/** Several values under one key, small where most keys have one value: the building block of indexes. Pure. */
import { addToBag, type Bag, countBag, eachInBag, takeFromBag } from './bag.ts';

/** Values are objects, kept once per key by identity, in order of insertion. */
export class MultiMap<K, V extends object> {
  readonly #bags = new Map<K, Bag<V>>();

  /** Keys that have a value. */
  get size(): number {
    return this.#bags.size;
  }

  add(key: K, value: V): void {
    const before = this.#bags.get(key);
    const after = addToBag(before, value);
    if (after !== before) this.#bags.set(key, after);
  }

  delete(key: K, value: V): void {
    const before = this.#bags.get(key);
    const after = takeFromBag(before, value);
    if (after === undefined) this.#bags.delete(key);
    else if (after !== before) this.#bags.set(key, after);
  }

  /** Number of values under `key`. */
  count(key: K): number {
    return countBag(this.#bags.get(key));
  }

  /** Calls `visit` for every value under `key`. */
  each(key: K, visit: (value: V) => void): void {
    eachInBag(this.#bags.get(key), visit);
  }

  /** Calls `visit` for every value under every key. */
  eachValue(visit: (value: V) => void): void {
    for (const bag of this.#bags.values()) eachInBag(bag, visit);
  }
}
