import test from 'ava';
import fc from 'fast-check';
import { crc32c } from '#appliance/etcd-face/snapshot/crc32c.ts';
import { leafElementBytes, pageBytes, pageHeaderBytes } from '#appliance/etcd-face/snapshot/page.ts';
import { type PagePlan, planTree } from '#appliance/etcd-face/snapshot/tree-layout.ts';

/** Sizes that fill pages badly, exactly, and several at once. */
const size = fc.oneof(
  fc.integer({ min: 17, max: 300 }),
  fc.integer({ min: pageBytes / 2 - 40, max: pageBytes / 2 + 40 }),
  fc.integer({ min: pageBytes - 60, max: 3 * pageBytes }),
);
const firstId = 4;

test('`planTree()` gives each page its own place and each item one page', (t) => {
  fc.assert(
    fc.property(fc.array(size, { minLength: 1, maxLength: 2_000 }), (sizes) => {
      const { leaves, branches, rootId, endId } = planTree(sizes, 18, firstId);
      const levels = [leaves, ...branches];
      for (const [i, level] of levels.entries()) checkCovers(level, i === 0 ? sizes.length : levels[i - 1]!.length);
      let next = firstId;
      for (const { id, overflow } of levels.flat()) {
        if (id !== next) throw new Error(`page ${id} lies at ${next}`);
        next += 1 + overflow;
      }
      for (const { first, count, overflow } of leaves) {
        const bytes = sizes
          .slice(first, first + count)
          .reduce((sum, one) => sum + leafElementBytes + one, pageHeaderBytes);
        if (Math.ceil(bytes / pageBytes) !== 1 + overflow) throw new Error(`${bytes} bytes on ${1 + overflow} pages`);
        if (count > 1 && overflow > 0) throw new Error('a page of several items flows over');
      }
      if (branches.flat().some(({ count }) => count < 2)) throw new Error('a branch with a single child');
      return next === endId && levels.at(-1)!.length === 1 && levels.at(-1)![0]!.id === rootId;
    }),
    { numRuns: 60 },
  );
  t.pass();
});

test('`crc32c()` is that of its check value, in one piece or several', (t) => {
  t.is(crc32c(Buffer.from('123456789')), 0xe3069283);
  t.is(crc32c(Buffer.from('6789'), crc32c(Buffer.from('12345'))), 0xe3069283);
});

function checkCovers(level: readonly PagePlan[], items: number): void {
  let next = 0;
  for (const { first, count } of level) {
    if (first !== next || count < 1) throw new Error(`items ${next} to ${first} are nowhere`);
    next += count;
  }
  if (next !== items) throw new Error(`${items - next} items are nowhere`);
}
