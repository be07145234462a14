/**
 * Changes of set elements that the kernel does not have yet, for each set; opposite changes cancel. Also how many elements each set is
 * to have. Pure. Elements are byte strings (latin1): a key, or the two ends of an interval one after the other.
 */
import type { NftElement } from '../../../kernel/kernel.ts';

export interface SetChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export class ElementChanges {
  readonly #pending = new Map<string, Map<string, boolean>>();
  readonly #counts = new Map<string, number>();

  mark(set: string, element: string, isAdded: boolean): void {
    this.#counts.set(set, this.count(set) + (isAdded ? 1 : -1));
    let changes = this.#pending.get(set);
    if (changes === undefined) {
      changes = new Map();
      this.#pending.set(set, changes);
    }
    if (changes.get(element) === !isAdded) changes.delete(element);
    else changes.set(element, isAdded);
  }

  /** How many elements `set` is to have. */
  count(set: string): number {
    return this.#counts.get(set) ?? 0;
  }

  /** Sets that have or had elements since the last `reset()`. */
  sets(): Iterable<string> {
    return this.#counts.keys();
  }

  pending(): ReadonlyMap<string, ReadonlyMap<string, boolean>> {
    return this.#pending;
  }

  /** The kernel has everything. */
  commit(): void {
    this.#pending.clear();
    for (const [set, count] of this.#counts) if (count === 0) this.#counts.delete(set);
  }

  /** Forgets everything, before all elements are marked anew. */
  reset(): void {
    this.#pending.clear();
    this.#counts.clear();
  }
}

/** Elements of `set` as the kernel takes them. */
export function encodeElements(elements: Iterable<string>, isInterval: boolean): NftElement[] {
  const encoded: NftElement[] = [];
  for (const element of elements) {
    const bytes = Buffer.from(element, 'latin1');
    if (!isInterval) {
      encoded.push({ key: bytes });
      continue;
    }
    const half = bytes.length / 2;
    encoded.push({ key: bytes.subarray(0, half) }, { key: bytes.subarray(half), isEnd: true });
  }
  return encoded;
}
