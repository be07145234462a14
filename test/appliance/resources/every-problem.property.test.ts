/** However many independent mistakes a manifest has, all are reported with their paths, and nothing else is. */
import test from 'ava';
import fc from 'fast-check';
import { decodeResource } from '#appliance/resources/decode.ts';
import { type Breakage, breakableManifests } from './breakages.ts';

for (const { title, manifest, breakages } of breakableManifests) {
  test(`decodeResource() reports any choice of the mistakes in ${title}`, (t) => {
    t.true(decodeResource(manifest, 'create').ok);
    fc.assert(
      fc.property(fc.subarray([...breakages], { minLength: 1 }), (chosen) => {
        t.deepEqual(reported(broken(manifest, chosen)), expected(chosen));
      }),
      { verbose: 1, numRuns: 150 },
    );
  });

  test(`decodeResource() reports every single mistake in ${title}, and all of them together`, (t) => {
    for (const breakage of breakages) t.deepEqual(reported(broken(manifest, [breakage])), expected([breakage]));
    t.deepEqual(reported(broken(manifest, breakages)), expected(breakages));
  });
}

function broken(manifest: object, chosen: readonly Breakage[]): unknown {
  const copy = structuredClone(manifest);
  for (const [at, value] of chosen) place(copy, membersOf(at), structuredClone(value));
  return copy;
}

/** Sets, or with `undefined` removes, what stands at a path of members and indices. */
function place(target: object, path: readonly (string | number)[], value: unknown): void {
  let parent = target as Record<string | number, unknown>;
  for (const [i, key] of path.slice(0, -1).entries()) {
    parent[key] ??= typeof path[i + 1] === 'number' ? [] : {};
    parent = parent[key] as Record<string | number, unknown>;
  }
  if (value === undefined) delete parent[path.at(-1)!];
  else parent[path.at(-1)!] = value;
}

function membersOf(path: string): (string | number)[] {
  const parts = path.matchAll(/\["([^"]+)"\]|\[(\d+)\]|([^.[\]]+)/g);
  return [...parts].map(([, quoted, index, word]) => (index === undefined ? (quoted ?? word)! : Number(index)));
}

function reported(manifest: unknown): string[] {
  const result = decodeResource(manifest, 'create');
  return result.ok ? [] : [...new Set(result.problems.map((problem) => problem.path))].sort();
}

function expected(chosen: readonly Breakage[]): string[] {
  return [...new Set(chosen.flatMap(([at, , ...paths]) => (paths.length === 0 ? [at] : paths)))].sort();
}
