/** Whether a key or a range lies within a pattern of the rules. Pure. */
import { type KeyRange, prefixEnd } from '../../datastore/store.ts';

const endOfAllKeys = 0;

/** Everything below. */
const below = '**';

/** True when every key of `range` is covered: by a pattern that ends in `**` all keys it begins, by any other one key. */
export function isWithin(range: KeyRange, pattern: string, node: string): boolean {
  const isPrefix = pattern.endsWith(below);
  const place = resolve(isPrefix ? pattern.slice(0, -below.length) : pattern, node, range.key);
  if (place === undefined) return false;
  const { rangeEnd } = range;
  if (!isPrefix) return rangeEnd === undefined && range.key.equals(place);
  if (rangeEnd === undefined) return startsWith(range.key, place);
  const isEndless = rangeEnd.length === 1 && rangeEnd[0] === endOfAllKeys;
  return !isEndless && range.key.compare(place) >= 0 && rangeEnd.compare(prefixEnd(place)) <= 0;
}

/** The pattern's bytes, with the segments that `key` has where the pattern takes any; undefined when it has none there. */
function resolve(pattern: string, node: string, key: Buffer): Buffer | undefined {
  const given = pattern.includes('*') ? key.toString('latin1').split('/') : [];
  const segments = pattern
    .split('/')
    .map((segment, i) => (segment === '*' ? given[i] : segment.replace('{node}', node)));
  const isComplete = pattern.split('/').every((segment, i) => segment !== '*' || (given[i] ?? '') !== '');
  return isComplete ? Buffer.from(segments.join('/'), 'latin1') : undefined;
}

function startsWith(key: Buffer, prefix: Buffer): boolean {
  return key.subarray(0, prefix.length).equals(prefix);
}
