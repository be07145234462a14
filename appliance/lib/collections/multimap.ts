/** Several values under one key, small where most keys have one value: the building block of indexes. Pure. */

/** Values are objects, kept once per key by identity, in order of insertion. */
export class MultiMap<K, V extends object> {
  readonly #buckets = new Map<K, V | Set<V>>();

  /** Keys that have a value. */
  get size(): number {
    return this.#buckets.size;
  }

  add(key: K, value: V): void {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, value);
    else if (bucket instanceof Set) bucket.add(value);
    else if (bucket !== value) this.#buckets.set(key, new Set([bucket, value]));
  }

  delete(key: K, value: V): void {
    const bucket = this.#buckets.get(key);
    if (bucket === value) this.#buckets.delete(key);
    else if (bucket instanceof Set && bucket.delete(value) && bucket.size === 0) this.#buckets.delete(key);
  }

  /** Number of values under `key`. */
  count(key: K): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return 0;
    return bucket instanceof Set ? bucket.size : 1;
  }

  /** Calls `visit` for every value under `key`. */
  each(key: K, visit: (value: V) => void): void {
    visitBucket(this.#buckets.get(key), visit);
  }

  /** Calls `visit` for every value under every key. */
  eachValue(visit: (value: V) => void): void {
    for (const bucket of this.#buckets.values()) visitBucket(bucket, visit);
  }
}

function visitBucket<V extends object>(bucket: V | Set<V> | undefined, visit: (value: V) => void): void {
  if (bucket === undefined) return;
  if (bucket instanceof Set) bucket.forEach(visit);
  else visit(bucket);
}
