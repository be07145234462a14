/**
 * JSON merge patch (RFC 7396), and Kubernetes' strategic form of it as far as Calico's types use it: lists are replaced, except
 * finalizers and owner references, and `$patch: replace | delete | merge` directs a map. Pure; the target is not changed.
 */

type Map = Readonly<Record<string, unknown>>;

/** RFC 7396: maps are merged, null removes, anything else replaces. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  return mergeMaps(target, patch, (_key, current, change) => applyMergePatch(current, change));
}

/** The strategic form. Throws on a `$patch` directive that does not exist. */
export function applyStrategicPatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const { $patch: directive, ...changes } = patch;
  if (directive === 'replace') return changes;
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw new Error(`unknown $patch type: ${String(directive)}`);
  return mergeMaps(target, changes, mergeStrategically);
}

/** Metadata's two merging lists; everything else of Calico's types is replaced as a whole. */
function mergeStrategically(key: string, current: unknown, change: unknown): unknown {
  if (!Array.isArray(change)) return applyStrategicPatch(current, change);
  const present: readonly unknown[] = Array.isArray(current) ? current : [];
  if (key === 'finalizers') return [...new Set([...present, ...change])];
  if (key === 'ownerReferences') return mergeByUid(present, change);
  return change;
}

function mergeByUid(present: readonly unknown[], changes: readonly unknown[]): unknown[] {
  const merged = [...present];
  for (const change of changes) {
    const at = merged.findIndex((item) => isMap(item) && isMap(change) && item.uid === change.uid);
    if (at < 0) merged.push(change);
    else merged[at] = applyStrategicPatch(merged[at], change);
  }
  return merged;
}

function mergeMaps(
  target: unknown,
  patch: Map,
  merge: (key: string, current: unknown, change: unknown) => unknown,
): Record<string, unknown> {
  const merged: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) delete merged[key];
    else merged[key] = merge(key, merged[key], change);
  }
  return merged;
}

function isMap(value: unknown): value is Map {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
