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

/** True when both hold the same things in the same order. */
export function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((thing, i) => thing === b[i]));
}

/** The pairs one by one; none when there are no labels. */
export function* pairsOf(labels: LabelPairs | undefined): Generator<[string, string]> {
  for (let i = 0; labels !== undefined && i < labels.length; i += 2) yield [labels[i]!, labels[i + 1]!];
}
