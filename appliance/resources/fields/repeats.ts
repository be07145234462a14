/** Lists that are sets: an entry that is there twice. Pure. */
import type { Problem } from '../../lib/problem.ts';
import type { Legible } from '../legible.ts';
import { problemOf } from '../read.ts';

/** A problem at every entry that equals an earlier one. */
export function repeats(words: Legible<readonly string[]> | null | undefined, path: string): Problem[] {
  const seen = new Set<string>();
  return (words ?? []).flatMap((word, i) => {
    if (word === null) return [];
    if (seen.has(word)) return [problemOf(`${path}[${i}]`, 'is there twice', word)];
    seen.add(word);
    return [];
  });
}
