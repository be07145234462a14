/**
 * What should be said beside what has been said: remembers which keys may differ and hands out only real differences. Pure.
 * Any number of changes to a key between two hand-outs count as one, and a change taken back as none.
 */
import { isEqual } from './equal.ts';

/** Values are plain immutable data; an equal value keeps the identity of the one handed out before. */
export class DeltaTable<K, V> {
  readonly #wanted = new Map<K, V>();
  readonly #sent = new Map<K, V>();
  readonly #dirty = new Set<K>();

  /** Keys that may have something to hand out. */
  get pending(): number {
    return this.#dirty.size;
  }

  /** Values wanted and values sent, counted apart. */
  get size(): number {
    return this.#wanted.size + this.#sent.size;
  }

  get(key: K): V | undefined {
    return this.#wanted.get(key);
  }

  set(key: K, value: V): void {
    if (this.#wanted.has(key) && isEqual(this.#wanted.get(key), value)) return;
    this.#wanted.set(key, value);
    this.#dirty.add(key);
  }

  delete(key: K): void {
    if (this.#wanted.delete(key)) this.#dirty.add(key);
  }

  /** Nothing counts as sent: everything wanted is to be handed out again, and what is gone is not told of. */
  forgetSent(): void {
    this.#sent.clear();
    this.#dirty.clear();
    for (const key of this.#wanted.keys()) this.#dirty.add(key);
  }

  /** Hands out what is new or changed; each yielded value counts as sent. */
  *takeUpdates(): Generator<readonly [K, V]> {
    for (const key of this.#dirty) {
      if (!this.#wanted.has(key)) continue;
      this.#dirty.delete(key);
      const value = this.#wanted.get(key) as V;
      if (this.#sent.has(key) && isEqual(this.#sent.get(key), value)) {
        this.#wanted.set(key, this.#sent.get(key) as V);
        continue;
      }
      this.#sent.set(key, value);
      yield [key, value];
    }
  }

  /** Hands out what is gone, with the value last sent. Ends with nothing pending if called after `takeUpdates`. */
  *takeRemovals(): Generator<readonly [K, V]> {
    for (const key of this.#dirty) {
      if (this.#wanted.has(key)) continue;
      this.#dirty.delete(key);
      const value = this.#sent.get(key);
      if (this.#sent.delete(key)) yield [key, value as V];
    }
  }
}
