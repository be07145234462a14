/** Single elements, of sets that the kernel has, that it does not have yet or has no more to have; opposite changes cancel. Pure. */
import { ElementKey } from './element-key.ts';
import type { ElementPacks } from './element-packs.ts';
import type { Work } from './work.ts';
import { eachItem } from './work.ts';

export class ElementChanges {
  readonly #pending = new Map<string, Map<string, boolean>>();

  mark(key: ElementKey, isAdded: boolean): void {
    const { set, text } = key;
    let changes = this.#pending.get(set);
    if (changes === undefined) {
      changes = new Map();
      this.#pending.set(set, changes);
    }
    if (changes.get(text) === !isAdded) changes.delete(text);
    else changes.set(text, isAdded);
  }

  /** Packs the changes that add, or those that remove. */
  *pack(isAdded: boolean, into: ElementPacks): Work {
    const key = new ElementKey();
    for (const [set, changes] of this.#pending) {
      yield* eachItem(changes, ([text, isAddition]) => {
        if (isAddition !== isAdded) return;
        key.setText(set, text);
        into.add(key);
      });
    }
  }

  /** The kernel has everything, or nothing. */
  clear(): void {
    this.#pending.clear();
  }
}
