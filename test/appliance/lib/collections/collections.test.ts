import test from 'ava';
import fc from 'fast-check';
import { compareText } from '#appliance/lib/collections/compare-text.ts';
import { DeltaTable } from '#appliance/lib/collections/delta.ts';
import { isEqual } from '#appliance/lib/collections/equal.ts';
import { Interner } from '#appliance/lib/collections/interner.ts';
import { MultiMap } from '#appliance/lib/collections/multimap.ts';

test('compareText() orders as the UTF-8 bytes do', (t) => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom('a', 'b', '\uffff', '\ue000', '\u{1f600}', '\u{10ffff}'), fc.string()),
  });
  fc.assert(
    fc.property(text, text, (a, b) => {
      t.is(Math.sign(compareText(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

test('isEqual() tells plain data apart as a comparison of canonical JSON would', (t) => {
  const canonical = (value: unknown): string =>
    JSON.stringify(value, (_, item) =>
      typeof item === 'object' && item !== null && !Array.isArray(item)
        ? Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))
        : item,
    );
  const data = fc.jsonValue({ maxDepth: 2 });
  fc.assert(
    fc.property(data, data, (a, b) => {
      t.true(isEqual(a, structuredClone(a)));
      if (canonical(a) !== canonical(b)) t.false(isEqual(a, b));
    }),
  );
  t.false(isEqual([], {}));
  t.false(isEqual({ a: undefined }, {}));
  t.false(isEqual({ a: 1 }, { b: 1 }));
});

test('MultiMap agrees with a map of sets', (t) => {
  const values = [{ v: 0 }, { v: 1 }, { v: 2 }];
  const step = fc.record({ isAdd: fc.boolean(), key: fc.nat(2), value: fc.constantFrom(...values) });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = new MultiMap<number, { v: number }>();
      const model = new Map<number, Set<object>>();
      for (const { isAdd, key, value } of steps) {
        if (isAdd) map.add(key, value);
        else map.delete(key, value);
        const set = model.get(key) ?? new Set();
        if (isAdd) set.add(value);
        else set.delete(value);
        if (set.size > 0) model.set(key, set);
        else model.delete(key);
        const found: object[] = [];
        map.each(key, (item) => found.push(item));
        t.deepEqual(new Set(found), model.get(key) ?? new Set());
        t.is(map.count(key), found.length);
        t.is(map.size, model.size);
      }
    }),
  );
});

test('DeltaTable hands out what makes a copy equal, and nothing else', (t) => {
  const step = fc.record({ key: fc.nat(2), value: fc.option(fc.record({ v: fc.nat(1) })), isTaken: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const table = new DeltaTable<number, { v: number }>();
      const wanted = new Map<number, { v: number }>();
      const copy = new Map<number, { v: number }>();
      for (const { key, value, isTaken } of steps) {
        if (value === null) table.delete(key);
        else table.set(key, value);
        if (value === null) wanted.delete(key);
        else wanted.set(key, value);
        if (!isTaken) continue;
        for (const [changed, update] of table.takeUpdates()) {
          t.notDeepEqual(copy.get(changed), update);
          copy.set(changed, update);
        }
        for (const [gone, last] of table.takeRemovals()) {
          t.is(copy.get(gone), last);
          copy.delete(gone);
        }
        t.deepEqual(Object.fromEntries(copy), Object.fromEntries(wanted));
        t.is(table.pending, 0);
      }
    }),
  );
});

test('DeltaTable keeps the value handed out when an equal one is set after another', (t) => {
  const table = new DeltaTable<string, object>();
  const first = { v: 1 };
  table.set('k', first);
  t.is([...table.takeUpdates()].length, 1);
  table.set('k', { v: 2 });
  table.set('k', { v: 1 });
  t.is([...table.takeUpdates()].length, 0);
  t.is(table.get('k'), first);
});

test('Interner shares equal values and forgets rather than grows without end', (t) => {
  const interner = new Interner<{ n: number }>(2);
  const first = { n: 1 };
  t.is(interner.share('a', first), first);
  t.is(interner.share('a', { n: 1 }), first);
  interner.share('b', { n: 2 });
  interner.share('c', { n: 3 });
  t.not(interner.share('a', { n: 1 }), first);
});
