/** What was read from the store and written again is the same resource, and the same bytes. */
import test from 'ava';
import fc from 'fast-check';
import { tierLabel } from '#appliance/resources/fields/policy.ts';
import { storeKey } from '#appliance/resources/key.ts';
import { kinds } from '#appliance/resources/registry.ts';
import { decodeStored, encodeStored, isTiered } from '#appliance/resources/stored.ts';
import { specArbitrary, stringsArbitrary } from './arbitrary-resource.ts';

for (const kind of kinds) {
  test(`decodeStored() undoes encodeStored() for every ${kind.kind}`, (t) => {
    const key = storeKey(kind, kind.isNamespaced ? 'prod' : undefined, 'thing');
    const { uid, creationTimestamp } = {
      uid: '0b8a1e57-5d0c-4f38-8d1c-9c6a51f0a011',
      creationTimestamp: '2026-08-01T09:30:00Z',
    };
    fc.assert(
      fc.property(specArbitrary(kind), stringsArbitrary, stringsArbitrary, (spec, labels, annotations) => {
        const { tier = 'default' } = spec as { tier?: string };
        const allLabels = isTiered(kind) ? { ...labels, [tierLabel]: tier === '' ? 'default' : tier } : labels;
        const metadata = { name: 'thing', uid, creationTimestamp, labels: allLabels, annotations };
        const first = decodeStored(key, JSON.stringify({ kind: kind.kind, metadata, spec }), 5);
        if (!first.ok) throw new Error(JSON.stringify(first.problems));
        const bytes = encodeStored(first.value);
        const second = decodeStored(key, bytes, 5);
        t.deepEqual(second, first);
        t.is(encodeStored(first.value), bytes);
        t.deepEqual(JSON.parse(bytes).metadata.uid, uid);
      }),
      { verbose: 1, numRuns: 60 },
    );
  });
}
