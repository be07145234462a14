/** Elements of many sets as the kernel's port takes them: packed, a pack for each set. Pure. */
import { KeyPacker } from '../../../kernel/nft-keys.ts';
import type { ElementKey } from './element-key.ts';

export class ElementPacks {
  readonly #packs = new Map<string, KeyPacker>();

  add({ set, bytes, length, isInterval }: ElementKey): void {
    let pack = this.#packs.get(set);
    if (pack === undefined) {
      pack = new KeyPacker();
      this.#packs.set(set, pack);
    }
    const keyLength = isInterval ? length / 2 : length;
    pack.add(bytes, 0, keyLength);
    if (isInterval) pack.add(bytes, keyLength, keyLength, true);
  }

  /** By name of the set; none is empty. */
  get bySet(): ReadonlyMap<string, KeyPacker> {
    return this.#packs;
  }
}
