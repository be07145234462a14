/**
 * Very many elements of one set as bytes in two arrays: as objects they would cost ten times the memory, and their collection pauses. Pure.
 */
import type { NftElement, NftKeys } from './kernel.ts';

/** Packs keys of one length, one after the other. */
export class KeyPacker implements NftKeys {
  #keyLength = 0;
  #count = 0;
  #keys = Buffer.alloc(0);
  /** Allotted with the first end. */
  #ends: Buffer | undefined;

  get keyLength(): number {
    return this.#keyLength;
  }

  get keys(): Buffer {
    return this.#keys.subarray(0, this.#count * this.#keyLength);
  }

  get ends(): Buffer | undefined {
    return this.#ends?.subarray(0, this.#count);
  }

  /** Copies the key that begins at `offset` of `from`. */
  add(from: Uint8Array, offset: number, length: number, isEnd = false): void {
    if (this.#count === 0) this.#keyLength = length;
    const at = this.#count * length;
    if (at + length > this.#keys.length) this.#grow(at + length);
    for (let i = 0; i < length; i++) this.#keys[at + i] = from[offset + i]!;
    if (isEnd) {
      this.#ends ??= Buffer.alloc(Math.ceil(this.#keys.length / length));
      this.#ends[this.#count] = 1;
    }
    this.#count++;
  }

  #grow(needed: number): void {
    const keys = Buffer.alloc(Math.max(needed, 64, this.#keys.length * 2));
    this.#keys.copy(keys);
    this.#keys = keys;
    if (this.#ends === undefined) return;
    const ends = Buffer.alloc(Math.ceil(keys.length / this.#keyLength));
    this.#ends.copy(ends);
    this.#ends = ends;
  }
}

/** How many elements an operation names. */
export function countElements(elements: readonly NftElement[] | NftKeys): number {
  return isPacked(elements) ? countKeys(elements) : elements.length;
}

/** How many keys there are. */
export function countKeys({ keys, keyLength }: NftKeys): number {
  return keyLength === 0 ? 0 : keys.length / keyLength;
}

/** True for the packed form. */
export function isPacked(elements: readonly NftElement[] | NftKeys): elements is NftKeys {
  return 'keyLength' in elements;
}

/** The packed form one by one, as views. */
export function* unpackKeys({ keys, keyLength, ends }: NftKeys): Generator<NftElement> {
  for (let at = 0, i = 0; at < keys.length; at += keyLength, i++) {
    const key = keys.subarray(at, at + keyLength);
    yield ends?.[i] === 1 ? { key, isEnd: true } : { key };
  }
}
