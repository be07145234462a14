/** The key index against a sorted array, with enough keys that chunks split and vanish. */
import test from 'ava';
import fc from 'fast-check';
import { KeyIndex } from '#appliance/datastore/mvcc/key-index.ts';
import { isIn, type Span } from '#appliance/datastore/mvcc/keys.ts';

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const name = (i: number) => `k${String(i).padStart(5, '0')}`;
const change = fc.record({ from: fc.nat(3000), count: fc.nat(1200), isPut: fc.boolean() });
const end = fc.option(fc.nat(3200), { nil: undefined });

test(`KeyIndex agrees with a sorted list of keys (seed ${seed})`, (t) => {
  const property = fc.property(
    fc.array(change, { maxLength: 8 }),
    fc.array(fc.tuple(fc.nat(3200), end, fc.nat(900)), { minLength: 1 }),
    (changes, reads) => {
      const index = new KeyIndex();
      const keys = new Set<string>();
      for (const { from, count, isPut } of changes) {
        for (let i = from; i < from + count; i++) {
          if (isPut) index.set(name(i), { createRevision: i, modRevision: i, version: 1, lease: 0n });
          else index.delete(name(i));
          if (isPut) keys.add(name(i));
          else keys.delete(name(i));
        }
      }
      return (
        index.size === keys.size &&
        reads.every(([start, stop, limit]) => agrees(index, keys, toSpan(start, stop), limit))
      );
    },
  );
  fc.assert(property, { seed, numRuns: 100 });
  t.pass();
});

function toSpan(start: number, stop: number | undefined): Span {
  return stop === undefined ? { start: name(start) } : { start: name(start), end: name(stop) };
}

function agrees(index: KeyIndex, keys: ReadonlySet<string>, span: Span, limit: number): boolean {
  const expected = [...keys].filter((key) => isIn(key, span)).sort();
  const { keys: found, states, count } = index.select(span, limit);
  const wanted = limit === 0 ? expected : expected.slice(0, limit);
  const isRight = found.join() === wanted.join() && states.every((state, i) => name(state.modRevision) === found[i]);
  return (
    isRight &&
    count === expected.length &&
    index.count(span) === count &&
    (index.get(span.start) !== undefined) === keys.has(span.start)
  );
}
