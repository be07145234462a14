import test from 'ava';
import fc from 'fast-check';
import { IntervalIndex } from '#appliance/felix/dataplane/nftables/interval-index.ts';
import { finish } from '#appliance/felix/dataplane/nftables/work.ts';
import type { Prefix } from '#appliance/lib/ip/address.ts';
import { masked, parsePrefix } from '#appliance/lib/ip/address.ts';

const prefixText = fc
  .tuple(fc.nat(15), fc.nat(3), fc.integer({ min: 20, max: 32 }))
  .map(([a, b, length]) => masked(parsePrefix(`10.0.${a}.${b * 64}/${length}`)!));
const step = fc.record({
  added: fc.array(prefixText, { maxLength: 6 }),
  removed: fc.array(prefixText, { maxLength: 6 }),
});

test('`change()` keeps disjoint maximal intervals of exactly the prefixes, whatever the history', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (history) => {
      const index = new IntervalIndex();
      const present = new Map<string, Prefix>();
      const told = new Set<string>();
      for (const { added, removed } of history) {
        for (const prefix of removed) present.delete(keyOf(prefix));
        for (const prefix of added) present.set(keyOf(prefix), prefix);
        const changes = finish(index.change(added, removed));
        for (const { first, last } of changes.removed) if (!told.delete(first + last)) return false;
        for (const { first, last } of changes.added) told.add(first + last);
      }
      const expected = naiveIntervals([...present.values()]);
      const actual = index.intervals.map(({ first, last }) => `${number(first)}-${number(last)}`);
      const sum = index.intervals.map(({ first, last }) => first + last);
      return actual.join() === expected.join() && told.size === sum.length && sum.every((key) => told.has(key));
    }),
    { verbose: true },
  );
  t.pass();
});

test('removing a prefix brings back those it covered', (t) => {
  const index = new IntervalIndex();
  const [wide, narrow] = ['10.0.0.0/8', '10.1.0.0/16'].map((text) => parsePrefix(text)!);
  finish(index.change([wide!, narrow!], []));
  t.is(index.intervals.length, 1);
  finish(index.change([], [wide!]));
  t.deepEqual(index.intervals, [{ first: '\x0a\x01\0\0', last: '\x0a\x01\xff\xff' }]);
});

test('intervals reach the last address without overflow', (t) => {
  const index = new IntervalIndex();
  finish(index.change([parsePrefix('255.255.255.0/24')!, parsePrefix('255.255.254.0/24')!], []));
  finish(index.change([], [parsePrefix('255.255.255.0/24')!]));
  t.deepEqual(index.intervals[0], { first: '\xff\xff\xfe\0', last: '\xff\xff\xfe\xff' });
});

function keyOf({ address, length }: Prefix): string {
  return `${address.bytes.join('.')}/${length}`;
}

function number(text: string): number {
  return Buffer.from(text, 'latin1').readUInt32BE();
}

/** By counting every block of 64 addresses... down to single ones: slow and plain. */
function naiveIntervals(prefixes: readonly Prefix[]): string[] {
  const covered = new Set<number>();
  for (const { address, length } of prefixes) {
    const first = Buffer.from(address.bytes).readUInt32BE();
    for (let i = 0; i < 2 ** (32 - length); i++) covered.add(first + i);
  }
  const sorted = [...covered].sort((a, b) => a - b);
  const intervals: string[] = [];
  let open = sorted[0];
  sorted.forEach((value, i) => {
    if (sorted[i + 1] === value + 1) return;
    intervals.push(`${open}-${value}`);
    open = sorted[i + 1];
  });
  return intervals;
}
