/** `--sort-by`: resources by the value a JSONPath finds in each. Pure. */
import type { Resource } from '#appliance/resources/resource.ts';
import { errorText, usageError } from '../errors.ts';
import { compilePath } from '../jsonpath/cell.ts';
import { compareNaturally } from '../output/natural-order.ts';

/** A stable sort; what has no value comes first. Throws CLI_USAGE for a path that cannot be understood. */
export function sortByPath(path: string): (items: readonly Resource[]) => Resource[] {
  let find: (value: unknown) => readonly unknown[];
  try {
    find = compilePath(path);
  } catch (error) {
    throw usageError(`--sort-by: ${errorText(error)}`);
  }
  return (items) => {
    const keyed = items.map((item) => ({ item, value: find(item)[0] }));
    return keyed.sort((a, b) => compareValues(a.value, b.value)).map(({ item }) => item);
  };
}

function compareValues(a: unknown, b: unknown): number {
  const [left, right] = [rankOf(a), rankOf(b)];
  if (left !== right) return left - right;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  return compareNaturally(String(a ?? ''), String(b ?? ''));
}

function rankOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  return typeof value === 'number' ? 1 : typeof value === 'boolean' ? 2 : 3;
}
