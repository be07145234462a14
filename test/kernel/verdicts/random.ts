/** A small seeded generator, so that a failing world can be made again from its number alone. Pure. */

export interface Random {
  /** 0 <= n < limit, whole. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Some of the list, in its order, at least `min`. */
  some<T>(list: readonly T[], min?: number, max?: number): T[];
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (list) => list[below(list.length)]!,
    some(list, min = 1, max = list.length) {
      const count = Math.min(list.length, min + below(max - min + 1));
      const left = [...list.keys()];
      const chosen = Array.from({ length: count }, () => left.splice(below(left.length), 1)[0]!);
      return chosen.sort((a, b) => a - b).map((i) => list[i]!);
    },
  };
}
