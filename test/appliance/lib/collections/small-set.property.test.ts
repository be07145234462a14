import test from 'ava';
import fc from 'fast-check';
import { SmallSet } from '#appliance/lib/collections/small-set.ts';

test('SmallSet does what a Set does, small and large', (t) => {
  const step = fc.record({ value: fc.nat(60), isAdded: fc.boolean() });
  const property = fc.property(fc.array(step, { maxLength: 300, size: 'max' }), fc.boolean(), (steps, isGrowing) => {
    const small = new SmallSet<number>();
    const plain = new Set<number>();
    for (const { value, isAdded } of steps) {
      if (isAdded || (isGrowing && value > 10)) {
        small.add(value);
        plain.add(value);
      } else t.is(small.delete(value), plain.delete(value));
      if (value % 7 === 0) small.trim();
      t.is(small.has(value), plain.has(value));
      t.is(small.size, plain.size);
    }
    t.deepEqual([...small], [...plain]);
  });
  fc.assert(property);
});

test('SmallSet is made of values, each once, and takes more', (t) => {
  const property = fc.property(fc.array(fc.nat(60), { maxLength: 100 }), fc.nat(60), (values, more) => {
    const small = new SmallSet(values);
    t.deepEqual([...small], [...new Set(values)]);
    small.add(more);
    t.deepEqual([...small], [...new Set([...values, more])]);
  });
  fc.assert(property);
});
