/** A set of objects that is small when it holds one, as most sets in indexes do: nothing, the object itself, or a `Set`. Pure. */

/** Never looked into directly; objects that are Sets themselves cannot be kept in one. */
export type Bag<V extends object> = V | Set<V> | undefined;

/** The bag with `value` in it; the bag passed in may no longer be used. */
export function addToBag<V extends object>(bag: Bag<V>, value: V): Bag<V> {
  if (bag === undefined || bag === value) return value;
  if (!(bag instanceof Set)) return new Set([bag, value]);
  return bag.add(value);
}

/** The bag without `value`; undefined when nothing is left. The bag passed in may no longer be used. */
export function takeFromBag<V extends object>(bag: Bag<V>, value: V): Bag<V> {
  if (bag === value) return undefined;
  if (bag instanceof Set) bag.delete(value);
  return bag instanceof Set && bag.size === 0 ? undefined : bag;
}

export function isInBag<V extends object>(bag: Bag<V>, value: V): boolean {
  return bag instanceof Set ? bag.has(value) : bag === value;
}

export function countBag<V extends object>(bag: Bag<V>): number {
  if (bag === undefined) return 0;
  return bag instanceof Set ? bag.size : 1;
}

/** Calls `visit` for every object; the bag must not change meanwhile. */
export function eachInBag<V extends object>(bag: Bag<V>, visit: (value: V) => void): void {
  if (bag instanceof Set) bag.forEach(visit);
  else if (bag !== undefined) visit(bag);
}
