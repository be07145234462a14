/**
 * Changes of set elements that the kernel does not have yet, for each set; opposite changes cancel. Also which sets are to have
 * any. Pure. Elements are byte strings (latin1): a key, or the two ends of an interval one after the other.
 */
import type { NftElement } from '../../../kernel/kernel.ts';
import type { Work } from './work.ts';

export interface SetChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export class ElementChanges {
  readonly #pending = new Map<string, Map<string, boolean>>();
  readonly #counts = new Map<string, number>();
  readonly #onUse: (set: string, isUsed: boolean) => void;

  /** `onUse`: the set gets its first element, or loses its last. */
  constructor(onUse: (set: string, isUsed: boolean) => void) {
    this.#onUse = onUse;
  }

  mark(set: string, element: string, isAdded: boolean): void {
    this.#count(set, isAdded ? 1 : -1);
    let changes = this.#pending.get(set);
    if (changes === undefined) {
      changes = new Map();
      this.#pending.set(set, changes);
    }
    if (changes.get(element) === !isAdded) changes.delete(element);
    else changes.set(element, isAdded);
  }

  pending(): ReadonlyMap<string, ReadonlyMap<string, boolean>> {
    return this.#pending;
  }

  /** The kernel has everything. */
  commit(): void {
    this.#pending.clear();
  }

  /** Forgets everything, before all elements are marked anew. */
  reset(): void {
    this.#pending.clear();
    for (const set of this.#counts.keys()) this.#onUse(set, false);
    this.#counts.clear();
  }

  #count(set: string, by: number): void {
    const before = this.#counts.get(set) ?? 0;
    const after = before + by;
    if (after === 0) this.#counts.delete(set);
    else this.#counts.set(set, after);
    if (before === 0) this.#onUse(set, true);
    if (after === 0) this.#onUse(set, false);
  }
}

/** Elements encoded together: they share one buffer, as one for each would cost more than what is in it. */
const blockElements = 512;

/** Elements as the kernel takes them, of those changes that add, or of those that remove. */
export function* encodeElements(
  changes: ReadonlyMap<string, boolean>,
  isAdded: boolean,
  isInterval: boolean,
): Work<NftElement[]> {
  const encoded: NftElement[] = [];
  let block: string[] = [];
  for (const [element, isAddition] of changes) {
    if (isAddition === isAdded) block.push(element);
    if (block.length < blockElements) continue;
    encodeBlock(block, isInterval, encoded);
    block = [];
    yield;
  }
  encodeBlock(block, isInterval, encoded);
  return encoded;
}

function encodeBlock(block: readonly string[], isInterval: boolean, into: NftElement[]): void {
  const { buffer, byteOffset } = Buffer.from(block.join(''), 'latin1');
  let at = byteOffset;
  for (const { length } of block) {
    const keyLength = isInterval ? length / 2 : length;
    into.push({ key: new Uint8Array(buffer, at, keyLength) });
    if (isInterval) into.push({ key: new Uint8Array(buffer, at + keyLength, keyLength), isEnd: true });
    at += length;
  }
}
