/** Several prefixes as the fewest ranges to list, and as one range to watch. Pure. */
import { type KeyRange, prefixEnd } from './store.ts';

/** `prefixes` sorted, without those inside another. */
export function disjointPrefixes(prefixes: readonly string[]): Buffer[] {
  const sorted = prefixes.map((prefix) => Buffer.from(prefix)).sort(Buffer.compare);
  return sorted.filter((prefix, i) => !sorted.slice(0, i).some((other) => startsWith(prefix, other)));
}

/** All keys with `prefix`; every key when it is empty. */
export function prefixRange(prefix: Buffer): KeyRange {
  const key = prefix.length === 0 ? Buffer.from([0]) : prefix;
  return { key, rangeEnd: prefixEnd(prefix) };
}

/** The smallest range that contains all `prefixes`, which are sorted and disjoint. It may contain keys of none of them. */
export function coveringRange(prefixes: readonly Buffer[]): KeyRange {
  return { key: prefixRange(prefixes[0]!).key, rangeEnd: prefixEnd(prefixes.at(-1)!) };
}

/** Whether a key belongs to one of `prefixes`. */
export function hasPrefix(key: Buffer, prefixes: readonly Buffer[]): boolean {
  return prefixes.some((prefix) => startsWith(key, prefix));
}

function startsWith(key: Buffer, prefix: Buffer): boolean {
  return key.length >= prefix.length && key.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}
