/** Things filed under a label and, where known, its value. Serves the label index both ways: items and selectors. Pure. */
import { MultiMap } from '#appliance/lib/collections/multimap.ts';

interface Drawer<T extends object> {
  readonly byValue: MultiMap<string | undefined, T>;
  total: number;
}

/** Adds and removals must come in pairs with the same label and value. */
export class LabelBuckets<T extends object> {
  readonly #drawers = new Map<string, Drawer<T>>();

  /** Labels in use; 0 when everything has been taken out again. */
  get size(): number {
    return this.#drawers.size;
  }

  add(label: string, value: string | undefined, thing: T): void {
    let drawer = this.#drawers.get(label);
    if (drawer === undefined) {
      drawer = { byValue: new MultiMap(), total: 0 };
      this.#drawers.set(label, drawer);
    }
    drawer.byValue.add(value, thing);
    drawer.total++;
  }

  delete(label: string, value: string | undefined, thing: T): void {
    const drawer = this.#drawers.get(label);
    if (drawer === undefined) return;
    drawer.byValue.delete(value, thing);
    if (--drawer.total === 0) this.#drawers.delete(label);
  }

  /** How many are filed under exactly this value (`undefined`: under the label alone). */
  count(label: string, value: string | undefined): number {
    return this.#drawers.get(label)?.byValue.count(value) ?? 0;
  }

  /** How many are filed under the label with whatever value. */
  total(label: string): number {
    return this.#drawers.get(label)?.total ?? 0;
  }

  each(label: string, value: string | undefined, visit: (thing: T) => void): void {
    this.#drawers.get(label)?.byValue.each(value, visit);
  }

  eachOfLabel(label: string, visit: (thing: T) => void): void {
    this.#drawers.get(label)?.byValue.eachValue(visit);
  }
}
