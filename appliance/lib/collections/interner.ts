/** Makes equal values one object, where tens of thousands of records repeat the same few. Pure. */

/** Forgets everything when it has grown too large: sharing is then lost for what follows, never for what was handed out. */
export class Interner<T> {
  readonly #known = new Map<string, T>();
  readonly #entriesMax: number;

  constructor(entriesMax = 20_000) {
    this.#entriesMax = entriesMax;
  }

  /** The value first seen under `key`; `value` itself if that is now. */
  share(key: string, value: T): T {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#entriesMax) this.#known.clear();
    this.#known.set(key, value);
    return value;
  }
}
