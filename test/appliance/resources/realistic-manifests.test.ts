/** What operators write is taken as it is, survives the store, and one unreadable value in it is one problem. */
import test from 'ava';
import fc from 'fast-check';
import { decodeResource } from '#appliance/resources/decode.ts';
import { storeKey } from '#appliance/resources/key.ts';
import { kindOf, kinds } from '#appliance/resources/registry.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { decodeStored, encodeStored } from '#appliance/resources/stored.ts';
import { realisticManifests } from './realistic-manifests.ts';

test('realisticManifests cover every kind', (t) => {
  const covered = new Set(realisticManifests.map(({ manifest }) => manifest.kind));
  t.deepEqual(
    kinds.map(({ kind }) => kind).filter((kind) => !covered.has(kind)),
    [],
  );
  t.true(realisticManifests.length >= 30);
});

for (const { title, manifest } of realisticManifests) {
  test(`${manifest.kind}: ${title}`, (t) => {
    const decoded = decodeResource(manifest, 'create');
    t.deepEqual(decoded.ok ? [] : decoded.problems, []);
    if (!decoded.ok) return;
    const { metadata } = decoded.value;
    const key = storeKey(kindOf(manifest.kind)!, metadata.namespace, metadata.name);
    const read = decodeStored(key, encodeStored(decoded.value), 7);
    t.true(read.ok, JSON.stringify(read));
    const again = decodeResource(read.ok ? applied(read.value, manifest.spec) : undefined, 'update');
    t.deepEqual(again.ok ? [] : again.problems, []);
  });

  test(`${manifest.kind}: ${title}, with any one value unreadable`, (t) => {
    const broken = placesIn(manifest.spec, ['spec']).flatMap((path) => {
      const result = decodeResource(withUnreadable(manifest, path), 'create');
      const at = printPath(path);
      const paths = result.ok ? [] : [...new Set(result.problems.map((problem) => problem.path))];
      return paths.length === 1 && paths[0] === at ? [] : [{ at, paths }];
    });
    t.deepEqual(broken, []);
  });
}

test('decodeResource() never throws, whatever stands anywhere in a manifest, and leaves no mark in what it accepts', (t) => {
  const places = realisticManifests.flatMap(({ manifest }) =>
    [...placesIn(manifest.spec, ['spec']), ...placesIn(manifest.metadata, ['metadata'])].map((path) => ({
      manifest,
      path,
    })),
  );
  const values = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(...places.map(({ manifest, path }) => valueAt(manifest, path))),
  );
  fc.assert(
    fc.property(fc.constantFrom(...places), values, ({ manifest, path }, value) => {
      const result = decodeResource(withValue(manifest, path, value), 'create');
      t.false(result.ok && hasNull(result.value.spec));
    }),
    { verbose: 1, numRuns: 2_000 },
  );
});

function hasNull(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.values(value).some(hasNull));
}

type Path = readonly (string | number)[];

/** As the client does it: metadata of the store, spec of the manifest. */
function applied(stored: Resource, spec: unknown): unknown {
  return { ...stored, spec };
}

/** The path of everything in a value, and of itself. */
function placesIn(value: unknown, path: Path): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, member]) =>
    placesIn(member, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return [...below, path];
}

/** No field that is not a list can be read from a list, and none that is from anything else. */
function withUnreadable(manifest: object, path: Path): unknown {
  return withValue(manifest, path, Array.isArray(valueAt(manifest, path)) ? { unreadable: 1 } : [['unreadable']]);
}

function withValue(manifest: object, path: Path, value: unknown): unknown {
  const copy = structuredClone(manifest);
  const parent = valueAt(copy, path.slice(0, -1)) as Record<string | number, unknown>;
  parent[path.at(-1)!] = value;
  return copy;
}

function valueAt(manifest: object, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], manifest);
}

function printPath(path: Path): string {
  return path
    .map((part) =>
      typeof part === 'number' ? `[${part}]` : /^[A-Za-z_][A-Za-z0-9_-]*$/.test(part) ? `.${part}` : `["${part}"]`,
    )
    .join('')
    .slice(1);
}
