/** Things that exist while somebody needs them, and which of them changed since the kernel was last told. Pure. */

export class Counted {
  readonly #refs = new Map<string, number>();
  readonly #touched = new Set<string>();
  #written = new Set<string>();

  acquire(name: string): void {
    const refs = this.#refs.get(name) ?? 0;
    this.#refs.set(name, refs + 1);
    if (refs === 0) this.#touched.add(name);
  }

  release(name: string): void {
    const refs = this.#refs.get(name) ?? 0;
    if (refs > 1) {
      this.#refs.set(name, refs - 1);
      return;
    }
    this.#refs.delete(name);
    this.#touched.add(name);
  }

  has(name: string): boolean {
    return this.#refs.has(name);
  }

  names(): Iterable<string> {
    return this.#refs.keys();
  }

  get writtenCount(): number {
    return this.#written.size;
  }

  /** Needed and not in the kernel. */
  missing(): string[] {
    return [...this.#touched].filter((name) => this.#refs.has(name) && !this.#written.has(name));
  }

  /** In the kernel and needed no more. */
  surplus(): string[] {
    return [...this.#touched].filter((name) => !this.#refs.has(name) && this.#written.has(name));
  }

  /** The kernel has what is needed. */
  commit(): void {
    for (const name of this.#touched) {
      if (this.#refs.has(name)) this.#written.add(name);
      else this.#written.delete(name);
    }
    this.#touched.clear();
  }

  /** The kernel has nothing. */
  forgetWritten(): void {
    this.#written = new Set();
    this.#touched.clear();
    for (const name of this.#refs.keys()) this.#touched.add(name);
  }
}
