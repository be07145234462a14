/** The golden files of this folder: keys and values as Calico's own programs stored them, one line each, in turn. */
import { readFileSync } from 'node:fs';

/** A key beside its value. */
export interface GoldenEntry {
  readonly key: string;
  readonly value: string;
}

/** When and as whom everything in the golden files was created; what was drawn by chance there is replaced by this. */
export const goldenStamps = {
  now: () => new Date('2026-08-01T09:30:00Z'),
  uuid: () => '00000000-0000-4000-8000-000000000000',
};

/** The entries of a golden file. */
export function readEntries(file: string): readonly GoldenEntry[] {
  const lines = linesOf(file);
  return lines.flatMap((key, i) => (i % 2 === 0 ? [{ key, value: lines[i + 1]! }] : []));
}

/** A golden file with a JSON document on each line. */
export function readDocuments<T>(file: string): readonly T[] {
  return linesOf(file).map((line) => JSON.parse(line) as T);
}

function linesOf(file: string): string[] {
  return readFileSync(new URL(`golden/${file}`, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
}
