/** Cases of `golden/fields.jsonl`: one field of a kind's example set to one value. Pure. */
import { kindOf } from '#appliance/resources/registry.ts';

/** One field of a kind's example set to one value, and the stored spec that came of it. */
export interface FieldCase {
  readonly kind: string;
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly stored: string;
}

/** The manifest of a case: of FelixConfiguration nothing but the field, for its example has many. */
export function manifestWith(
  kind: string,
  path: readonly (string | number)[],
  value: unknown,
): Record<string, unknown> {
  const manifest: Record<string, unknown> = structuredClone({ ...kindOf(kind)!.example });
  if (kind === 'FelixConfiguration') manifest.spec = {};
  if (kind === 'WorkloadEndpoint') delete (manifest.metadata as { name?: string }).name;
  let at = manifest as Record<string | number, unknown>;
  for (const [i, step] of path.slice(0, -1).entries()) {
    at[step] ??= typeof path[i + 1] === 'number' ? [] : {};
    at = at[step] as Record<string | number, unknown>;
  }
  at[path.at(-1)!] = value;
  return manifest;
}
