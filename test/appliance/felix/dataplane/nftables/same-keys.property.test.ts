import test from 'ava';
import fc from 'fast-check';
import { isSameKeys } from '#appliance/felix/dataplane/nftables/same-keys.ts';
import { finish } from '#appliance/felix/dataplane/nftables/work.ts';
import { KeyPacker } from '#appliance/kernel/nft-keys.ts';

const element = fc.record({ key: fc.uint8Array({ minLength: 2, maxLength: 2 }), isEnd: fc.boolean() });
const elements = fc.uniqueArray(element, { selector: print, maxLength: 50 });

test('`isSameKeys()` says what sets of texts say, in any order', (t) => {
  fc.assert(
    fc.property(elements, elements, fc.infiniteStream(fc.nat()), (a, b, order) => {
      const shuffled = a
        .map((one) => ({ one, at: order.next().value }))
        .sort((x, y) => x.at - y.at)
        .map(({ one }) => one);
      const flipped = a.map(({ key, isEnd }, i) => ({ key, isEnd: i === 0 ? !isEnd : isEnd }));
      for (const other of [b, shuffled, flipped, a.slice(1)]) {
        t.is(finish(isSameKeys(pack(a), pack(other))), isSame(a, other));
      }
    }),
    { verbose: true },
  );
});

type Element = { readonly key: Uint8Array; readonly isEnd: boolean };

function pack(list: readonly Element[]): KeyPacker {
  const packer = new KeyPacker();
  for (const { key, isEnd } of list) packer.add(key, 0, key.length, isEnd);
  return packer;
}

function isSame(a: readonly Element[], b: readonly Element[]): boolean {
  return a.length === b.length && a.map(print).sort().join() === b.map(print).sort().join();
}

function print({ key, isEnd }: Element): string {
  return `${key.join('.')} ${isEnd}`;
}
