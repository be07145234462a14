/** The label set of one item, laid out flat because there are tens of thousands of them. Pure. */

/** `[key, value, key, value, ...]`, keys without repeats. */
export type LabelPairs = readonly string[];

/** The value of `label`, or undefined. */
export function findLabel(pairs: LabelPairs, label: string): string | undefined {
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] === label) return pairs[i + 1];
  }
  return undefined;
}

/** True when both hold the same pairs in the same order. */
export function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, i) => text === b[i]));
}
