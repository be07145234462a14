import test from 'ava';
import fc from 'fast-check';
import { matchPlaces } from './matching.ts';

test('as many places are served as can be, and the first of them before later ones', (t) => {
  const fits: Record<number, string[]> = { 1: ['a', 'b'], 2: ['a'], 3: ['b'], 4: [] };
  t.deepEqual(
    [...matchPlaces([1, 2, 3, 4], (place) => fits[place]!)].sort(),
    [
      ['a', 2],
      ['b', 1],
    ],
    'the first makes room for the second, and has none left to make for the third',
  );
});

test('nobody gets two places, nobody one that does not fit, and trying all ways serves no more', (t) => {
  const world = fc.array(fc.uniqueArray(fc.nat({ max: 4 }), { maxLength: 4 }), { maxLength: 5 });
  fc.assert(
    fc.property(world, (fits) => {
      const places = fits.map((_, place) => place);
      const taken = matchPlaces(places, (place) => fits[place]!);
      for (const [occupant, place] of taken) t.true(fits[place]!.includes(occupant));
      t.is(new Set(taken.values()).size, taken.size);
      t.is(taken.size, most(fits, new Set()));
    }),
  );
});

/** The most that can be served, by trying every way. */
function most([first, ...rest]: readonly (readonly number[])[], gone: ReadonlySet<number>): number {
  if (first === undefined) return 0;
  const served = first.filter((one) => !gone.has(one)).map((one) => 1 + most(rest, new Set([...gone, one])));
  return Math.max(most(rest, gone), ...served);
}
