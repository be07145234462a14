import test from 'ava';
import fc from 'fast-check';
import { eachItem, finish, sortTexts } from '#appliance/felix/dataplane/nftables/work.ts';

test('sortTexts() sorts by code units, whatever the length', (t) => {
  const property = fc.property(fc.nat(30_000), fc.integer({ min: 1, max: 50_000 }), (count, factor) => {
    const texts = Array.from({ length: count }, (_, i) =>
      String.fromCharCode((i * factor) % 251, (i * 7 * factor) % 256),
    );
    t.deepEqual(finish(sortTexts(texts)), texts.toSorted());
  });
  fc.assert(property, { numRuns: 30 });
});

test('sortTexts() and eachItem() stop often enough to be driven in slices', (t) => {
  const texts = Array.from({ length: 100_000 }, (_, i) => String((i * 7919) % 100_003));
  t.true(pauses(sortTexts(texts)) >= 24);
  let visited = 0;
  t.true(pauses(eachItem(texts, () => void visited++)) >= 100);
  t.is(visited, texts.length);
});

function pauses(work: Generator<void, unknown>): number {
  let count = 0;
  while (!work.next().done) count++;
  return count;
}
