/** Which fields differ between two versions of a resource, as paths. Pure. */
import { isRecord } from '#appliance/lib/is-record.ts';

/**
 * The paths of the smallest parts that differ, in the order of the first, then of the second: `spec.ingress[0].action`.
 * Lists of different length differ as a whole. Keys that are no plain words are quoted: `metadata.labels["a.b/c"]`.
 */
export function changedPaths(before: unknown, after: unknown, path = ''): string[] {
  if (Object.is(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    if (before.length !== after.length) return [path];
    return before.flatMap((item, i) => changedPaths(item, after[i], `${path}[${i}]`));
  }
  if (isRecord(before) && isRecord(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => changedPaths(before[key], after[key], join(path, key)));
  }
  return [path];
}

function join(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
