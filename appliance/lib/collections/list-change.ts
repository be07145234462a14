/** What an edit in one place of a list changed: the ends that both lists share are passed over. Pure. */

export interface ListChange<T> {
  readonly added: readonly T[];
  readonly removed: readonly T[];
}

/** The parts in which the lists differ; entries may be in both parts when they moved or were edited in several places. */
export function listChange<T>(before: readonly T[], after: readonly T[]): ListChange<T> {
  const { head, tail } = commonEnds(before, after);
  return { added: after.slice(head, after.length - tail), removed: before.slice(head, before.length - tail) };
}

/** How many entries both begin with, and how many of the others both end with. */
export function commonEnds<T>(a: readonly T[], b: readonly T[]): { readonly head: number; readonly tail: number } {
  const max = Math.min(a.length, b.length);
  let head = 0;
  while (head < max && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < max - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return { head, tail };
}
