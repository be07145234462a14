/** A set for the many that hold a few dozen values at most, and the few that hold very many. Pure. */

/** A list of so many is searched nearly as fast as a Set, in less than half of the memory. */
const listMax = 32;

/** What a `Set` does, in order of insertion. */
export class SmallSet<V> {
  #values: V[] | Set<V> = [];

  /** Of these values; a list of them takes no more room than they need, while one that grew has some to spare. */
  constructor(values: Iterable<V> = []) {
    const unique = new Set(values);
    if (unique.size > listMax) this.#values = unique;
    else if (unique.size > 0) this.#values = [...unique];
  }

  get size(): number {
    return Array.isArray(this.#values) ? this.#values.length : this.#values.size;
  }

  has(value: V): boolean {
    return Array.isArray(this.#values) ? this.#values.includes(value) : this.#values.has(value);
  }

  add(value: V): void {
    if (!Array.isArray(this.#values)) this.#values.add(value);
    else if (this.#values.includes(value)) return;
    else if (this.#values.length < listMax) this.#values.push(value);
    else this.#values = new Set(this.#values).add(value);
  }

  /** True when it was there. */
  delete(value: V): boolean {
    if (!Array.isArray(this.#values)) return this.#values.delete(value);
    const at = this.#values.indexOf(value);
    if (at >= 0) this.#values.splice(at, 1);
    return at >= 0;
  }

  /** Gives up the room that growing has left to spare, where nothing more is expected for now. */
  trim(): void {
    if (Array.isArray(this.#values)) this.#values = this.#values.slice();
  }

  [Symbol.iterator](): Iterator<V> {
    return this.#values[Symbol.iterator]();
  }
}
