/** Whether a key or a range lies within a pattern of the rules. Pure. */
import { type KeyRange, prefixEnd } from '../../datastore/store.ts';

const endOfAllKeys = 0;

/** True when every key of `range` is covered: by a pattern that ends in a slash everything below it, by any other one key. */
export function isWithin(range: KeyRange, pattern: string, node: string): boolean {
  const place = resolve(pattern, node, range.key);
  if (place === undefined) return false;
  const { rangeEnd } = range;
  if (!pattern.endsWith('/')) return rangeEnd === undefined && range.key.equals(place);
  if (rangeEnd === undefined) return startsWith(range.key, place);
  const isEndless = rangeEnd.length === 1 && rangeEnd[0] === endOfAllKeys;
  return !isEndless && range.key.compare(place) >= 0 && rangeEnd.compare(prefixEnd(place)) <= 0;
}

/** The pattern's bytes, with the segments that `key` has where the pattern takes any; undefined when it has none there. */
function resolve(pattern: string, node: string, key: Buffer): Buffer | undefined {
  if (!pattern.includes('*')) return Buffer.from(pattern.replace('{node}', node));
  const given = key.toString('latin1').split('/');
  const segments = pattern
    .split('/')
    .map((segment, i) => (segment === '*' ? given[i] : segment.replace('{node}', node)));
  if (segments.some((segment, i) => segment === undefined || (pattern.split('/')[i] === '*' && segment === ''))) {
    return undefined;
  }
  return Buffer.from(segments.join('/'), 'latin1');
}

function startsWith(key: Buffer, prefix: Buffer): boolean {
  return key.subarray(0, prefix.length).equals(prefix);
}
