/** Whatever is wrong with a manifest is answered with its path, and never with an exception. */
import test from 'ava';
import fc from 'fast-check';
import { decodeResource, unknownFields } from '#appliance/resources/decode.ts';
import { kinds } from '#appliance/resources/registry.ts';
import { malformedManifests } from './malformed-manifests.ts';

const manifests = malformedManifests();

test('malformedManifests() makes at least 200, of every kind, each with a title of its own', (t) => {
  t.true(manifests.length >= 200, String(manifests.length));
  t.is(new Set(manifests.map(({ title }) => title)).size, manifests.length);
  for (const { kind } of kinds)
    t.true(manifests.filter(({ title }) => title.startsWith(`${kind}: `)).length >= 15, kind);
});

test('decodeResource() refuses every malformed manifest and names the path', (t) => {
  const missed = manifests.filter(({ manifest, path }) => {
    const result = decodeResource(manifest, 'create');
    return result.ok || !result.problems.some((problem) => problem.path === path);
  });
  t.deepEqual(
    missed.map(({ title, manifest, path }) => ({ title, path, result: decodeResource(manifest, 'create') })),
    [],
  );
});

test('decodeResource() keeps what it quotes short and printable', (t) => {
  for (const { manifest } of manifests) {
    const result = decodeResource(manifest, 'create');
    for (const { value } of result.ok ? [] : result.problems) {
      t.true(value === undefined || /^[\x20-\x7e]{1,64}$/.test(String(value)), String(value));
    }
  }
});

test('decodeResource() reports everything at once', (t) => {
  const result = decodeResource(
    {
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'A', labels: { 'a b': 'c' } },
      spec: { order: 'first', ingress: [{ action: 'allow', prot: 'TCP' }, { protocol: 'tcp' }], surplus: 1 },
    },
    'create',
  );
  t.deepEqual(result.ok ? [] : result.problems.map((problem) => problem.path).sort(), [
    'metadata.labels["a b"]',
    'metadata.name',
    'spec.ingress[0].action',
    'spec.ingress[0].prot',
    'spec.ingress[1].action',
    'spec.ingress[1].protocol',
    'spec.order',
    'spec.surplus',
  ]);
});

test('decodeResource() drops unknown fields when asked to', (t) => {
  const manifest = { ...kinds[7]!.example, surplus: 1, spec: { selector: 'all()', surplus: { deep: 1 } } };
  const result = decodeResource(manifest, 'create', { unknownFields: 'drop' });
  t.true(result.ok);
  t.deepEqual(
    unknownFields(manifest).map((problem) => problem.path),
    ['spec.surplus', 'surplus'],
  );
});

test('decodeResource() does not change its input', (t) => {
  for (const { example } of kinds) {
    const before = JSON.stringify(example);
    decodeResource(example, 'create');
    t.is(JSON.stringify(example), before);
  }
});

test('decodeResource() never throws, whatever the members hold', (t) => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    maxDepth: 4,
  });
  fc.assert(
    fc.property(fc.constantFrom(...kinds), anything, anything, (kind, metadata, spec) => {
      decodeResource({ ...kind.example, metadata, spec }, 'create');
      decodeResource({ ...kind.example, spec: graft(kind.example.spec, spec) }, 'update');
    }),
    { verbose: 1, numRuns: 300 },
  );
  t.pass();
});

/** The same value in every place of the example. */
function graft(target: unknown, value: unknown): unknown {
  if (typeof target !== 'object' || target === null) return value;
  if (Array.isArray(target)) return target.map((item) => graft(item, value));
  return Object.fromEntries(Object.entries(target).map(([key, member]) => [key, graft(member, value)]));
}
