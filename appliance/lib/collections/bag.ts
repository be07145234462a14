/** A set of objects that is small when it holds few, as most sets in indexes do: nothing, the object itself, a short list, or a `Set`. Pure. */

/** Never looked into directly; objects that are Sets or arrays themselves cannot be kept in one. */
export type Bag<V extends object> = V | V[] | Set<V> | undefined;

/** A list as long as this is searched as fast as a Set, in a fifth of the memory. */
const listMax = 8;

/** The bag with `value` in it; the bag passed in may no longer be used. */
export function addToBag<V extends object>(bag: Bag<V>, value: V): Bag<V> {
  if (bag === undefined || bag === value) return value;
  if (bag instanceof Set) return bag.add(value);
  if (!Array.isArray(bag)) return [bag, value];
  if (bag.includes(value)) return bag;
  return bag.length < listMax ? bag.concat(value) : new Set(bag).add(value);
}

/** The bag without `value`; undefined when nothing is left. The bag passed in may no longer be used. */
export function takeFromBag<V extends object>(bag: Bag<V>, value: V): Bag<V> {
  if (bag === value) return undefined;
  if (bag instanceof Set) {
    bag.delete(value);
    return bag.size === 0 ? undefined : bag;
  }
  if (!Array.isArray(bag) || !bag.includes(value)) return bag;
  const rest = bag.filter((other) => other !== value);
  return rest.length > 0 ? rest : undefined;
}

export function isInBag<V extends object>(bag: Bag<V>, value: V): boolean {
  if (bag instanceof Set) return bag.has(value);
  return Array.isArray(bag) ? bag.includes(value) : bag === value;
}

export function countBag<V extends object>(bag: Bag<V>): number {
  if (bag === undefined) return 0;
  if (bag instanceof Set) return bag.size;
  return Array.isArray(bag) ? bag.length : 1;
}

/** Calls `visit` for every object; the bag must not change meanwhile. */
export function eachInBag<V extends object>(bag: Bag<V>, visit: (value: V) => void): void {
  if (bag instanceof Set) bag.forEach(visit);
  else if (Array.isArray(bag)) for (const value of bag) visit(value);
  else if (bag !== undefined) visit(bag);
}
