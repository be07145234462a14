/** Several values under a key; a key without values takes no room. Pure. */
export class MultiMap {
  readonly #values = new Map<string, Set<string> | string>();

  /** A lone value is kept bare: most keys have one. */
  add(key: string, value: string): void {
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, value);
    else if (typeof known !== 'string') known.add(value);
    else if (known !== value) this.#values.set(key, new Set([known, value]));
  }

  delete(key: string, value: string): void {
    const known = this.#values.get(key);
    if (known === value) this.#values.delete(key);
    if (known === undefined || typeof known === 'string') return;
    known.delete(value);
    if (known.size === 0) this.#values.delete(key);
  }

  get(key: string): Iterable<string> {
    const known = this.#values.get(key);
    return typeof known === 'string' ? [known] : (known ?? []);
  }
}
