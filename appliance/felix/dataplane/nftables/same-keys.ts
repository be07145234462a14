/** Do two packs hold the same keys, in whatever order? Pure. In arrays of numbers: a Set of a million texts would be the largest thing we ever make. */
import type { NftKeys } from '../../../kernel/kernel.ts';
import { countKeys } from '../../../kernel/nft-keys.ts';
import type { Work } from './work.ts';
import { eachItem } from './work.ts';

/** No key is in a pack twice: neither the kernel nor a pack of ours has any twice. */
export function* isSameKeys(a: NftKeys, b: NftKeys): Work<boolean> {
  const count = countKeys(a);
  if (count !== countKeys(b)) return false;
  if (count === 0) return true;
  if (a.keyLength !== b.keyLength) return false;
  const table = new KeyTable(a, count);
  yield* eachItem(numbers(count), (i) => table.add(i));
  let isSame = true;
  yield* eachItem(numbers(count), (i) => {
    isSame &&= table.has(b, i);
  });
  return isSame;
}

/** A hash table with open addressing; a slot holds a key's number plus one. */
class KeyTable {
  readonly #packed: NftKeys;
  readonly #slots: Uint32Array;

  constructor(packed: NftKeys, count: number) {
    this.#packed = packed;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(count * 2)));
  }

  add(index: number): void {
    let slot = this.#slotOf(this.#packed, index);
    while (this.#slots[slot] !== 0) slot = this.#next(slot);
    this.#slots[slot] = index + 1;
  }

  has(other: NftKeys, index: number): boolean {
    let slot = this.#slotOf(other, index);
    for (let mine = this.#slots[slot]!; mine !== 0; mine = this.#slots[slot]!) {
      if (isSameKey(this.#packed, mine - 1, other, index)) return true;
      slot = this.#next(slot);
    }
    return false;
  }

  /** FNV-1a, folded: keys begin with bytes of a strong hash already. */
  #slotOf({ keys, keyLength }: NftKeys, index: number): number {
    let hash = 0x811c9dc5;
    for (let at = index * keyLength, end = at + keyLength; at < end; at++) {
      hash = Math.imul(hash ^ keys[at]!, 0x01000193);
    }
    return ((hash >>> 15) ^ hash) & (this.#slots.length - 1);
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }
}

function isSameKey(a: NftKeys, i: number, b: NftKeys, j: number): boolean {
  if ((a.ends?.[i] ?? 0) !== (b.ends?.[j] ?? 0)) return false;
  const { keyLength } = a;
  for (let k = 0; k < keyLength; k++) if (a.keys[i * keyLength + k] !== b.keys[j * keyLength + k]) return false;
  return true;
}

function* numbers(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}
