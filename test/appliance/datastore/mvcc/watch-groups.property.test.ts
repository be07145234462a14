/** The index of watched ranges against looking at every watcher. */
import test from 'ava';
import fc from 'fast-check';
import { isIn, type Span, toBytes, toSpan } from '#appliance/datastore/mvcc/keys.ts';
import { WatchGroups } from '#appliance/datastore/mvcc/watch-groups.ts';
import { prefixEnd } from '#appliance/datastore/store.ts';

interface Member {
  readonly span: Span;
  readonly prevKv: boolean;
}

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const key = fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\xff'), minLength: 1, maxLength: 4 });
const span = fc.oneof(
  key.map((start) => toSpan({ key: toBytes(start) })),
  key.map((start) => toSpan({ key: toBytes(start), rangeEnd: prefixEnd(toBytes(start)) })),
  fc.tuple(key, key).map(([start, end]) => toSpan({ key: toBytes(start), rangeEnd: toBytes(end) })),
  key.map((start) => toSpan({ key: toBytes(start), rangeEnd: Buffer.from([0]) })),
);
const members = fc.array(fc.record({ span, prevKv: fc.boolean() }), { maxLength: 12 });

test(`WatchGroups.matching() finds each watcher of a key once, also after others have left (seed ${seed})`, (t) => {
  const property = fc.property(members, fc.array(fc.nat(11)), fc.array(key), (all: Member[], leaving, keys) => {
    const groups = new WatchGroups<Member>();
    for (const member of all) groups.add(member);
    const gone = new Set(leaving.map((i) => all[i]).filter((member) => member !== undefined));
    for (const member of gone) groups.remove(member);
    const left = all.filter((member) => !gone.has(member));
    for (const at of keys) {
      const found = groups.matching(at).flatMap((group) => [...group.members]);
      const expected = left.filter((member) => isIn(at, member.span));
      if (found.length !== expected.length || expected.some((member) => !found.includes(member))) return false;
    }
    for (const member of left) groups.remove(member);
    return groups.isEmpty && keys.every((at) => groups.matching(at).length === 0);
  });
  fc.assert(property, { seed, numRuns: 500 });
  t.pass();
});
