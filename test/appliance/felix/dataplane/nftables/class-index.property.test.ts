/** Classes of addresses, by histories of criteria and members: the maps are those of a fresh start, and say of each address which criteria it meets. */
import test from 'ava';
import fc from 'fast-check';
import { textOf } from '#appliance/felix/dataplane/nftables/byte-text.ts';
import { ClassIndex } from '#appliance/felix/dataplane/nftables/class-index.ts';
import { MapStore } from '#appliance/felix/dataplane/nftables/map-store.ts';
import { finish } from '#appliance/felix/dataplane/nftables/work.ts';
import { classMap, classNetMap } from '#appliance/felix/render/compiled/layout.ts';
import type { Criterion } from '#appliance/felix/render/compiled/shape.ts';
import { setNumber } from '#appliance/felix/render/set-layout.ts';
import { contains, parseAddress, parsePrefix } from '#appliance/lib/ip/address.ts';

const cidrs = [
  ...[
    '10.0.0.1/32',
    '10.0.0.2/32',
    '10.1.0.1/32',
    '10.0.0.0/24',
    '10.0.0.0/16',
    '10.1.0.0/16',
    '10.0.0.0/8',
    '11.0.0.0/8',
  ],
  ...['255.0.0.0/8', '255.255.255.255/32', 'fd00::1/128', 'fd00::/64', 'fd00::/16', 'fd00:0:0:1::/64', 'ff00::/8'],
];
const probes = [
  ...['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.1.1', '10.1.0.1', '10.1.0.2', '10.2.0.1', '11.0.0.1', '9.255.255.255'],
  ...['255.255.255.255', '255.0.0.1', 'fd00::1', 'fd00::2', 'fd00:0:0:1::1', 'fd00:0:0:2::1', 'ffff::1', 'fc00::1'],
];
const setIds = ['s:a', 's:b', 's:c'];
const lists: readonly Criterion[] = [
  { id: 'nets-1', nets: ['10.0.0.0/8', '11.0.0.0/8'] },
  { id: 'nets-2', nets: ['10.1.0.0/16'] },
  { id: 'nets-3', nets: ['10.0.0.1/32', 'fd00::/64'] },
];
const criteria: readonly Criterion[] = [...setIds.map((id) => ({ id })), ...lists];
const step = fc.oneof(
  fc.record({ type: fc.constant('members' as const), id: fc.constantFrom(...setIds), members: fc.subarray(cidrs) }),
  fc.record({ type: fc.constantFrom('acquire' as const, 'release' as const), of: fc.nat(criteria.length - 1) }),
  fc.record({ type: fc.constant('settle' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

test('the maps are those of a fresh start, and say which criteria each address meets', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (history) => {
      const old = openIndex();
      for (const one of history) old.take(one);
      old.take({ type: 'settle' });
      const fresh = openIndex();
      for (const [id, members] of old.sets) fresh.take({ type: 'members', id, members: [...members] });
      for (const [of, refs] of old.refs) if (refs > 0) fresh.take({ type: 'acquire', of });
      fresh.take({ type: 'settle' });
      for (const family of [4, 6] as const) {
        for (const map of [classMap(family), classNetMap(family)]) {
          t.deepEqual(finish(old.maps.contents(map)), finish(fresh.maps.contents(map)), map);
        }
      }
      for (const probe of probes) t.is(old.classOf(probe), old.meant(probe), probe);
    }),
    { numRuns: 1_000 },
  );
});

test('a class is born with its first address and dies with its last', (t) => {
  const index = openIndex();
  index.take({ type: 'members', id: 's:a', members: ['10.0.0.1/32', '10.0.0.2/32'] });
  index.take({ type: 'acquire', of: 0 });
  t.deepEqual(index.take({ type: 'settle' }), ['+s:a']);
  index.take({ type: 'members', id: 's:b', members: ['10.0.0.1/32'] });
  index.take({ type: 'acquire', of: 1 });
  t.deepEqual(index.take({ type: 'settle' }), ['+s:a s:b']);
  index.take({ type: 'members', id: 's:a', members: ['10.0.0.1/32'] });
  t.deepEqual(index.take({ type: 'settle' }), ['-s:a']);
  index.take({ type: 'release', of: 0 });
  t.deepEqual(index.take({ type: 'settle' }), ['+s:b', '-s:a s:b']);
});

test("what becomes of a list of the same id does not change a rule's own nets", (t) => {
  const index = openIndex();
  index.take({ type: 'acquire', of: criteria.findIndex(({ id }) => id === 'nets-2') });
  index.take({ type: 'settle' });
  index.onMembers('nets-2', ['10.1.0.0/16'], false);
  index.take({ type: 'settle' });
  t.is(index.classOf('10.1.0.1'), index.meant('10.1.0.1'));
});

function openIndex() {
  const maps = new MapStore();
  const sets = new Map<string, ReadonlySet<string>>();
  const refs = new Map<number, number>();
  const index = new ClassIndex({ maps, membersOf: (id) => sets.get(id) ?? [] });
  return {
    maps,
    sets,
    refs,
    onMembers: (id: string, members: readonly string[], isAdded: boolean) => index.onMembers(id, members, isAdded),
    take(one: Step): string[] {
      if (one.type === 'settle') {
        return finish(index.settle()).map(({ of, isBorn }) => `${isBorn ? '+' : '-'}${[...of.ids].sort().join(' ')}`);
      }
      if (one.type === 'members') {
        const before = sets.get(one.id) ?? new Set();
        const now = new Set(one.members);
        sets.set(one.id, now);
        for (const member of before) if (!now.has(member)) index.onMembers(one.id, [member], false);
        for (const member of now) if (!before.has(member)) index.onMembers(one.id, [member], true);
        return [];
      }
      const count = refs.get(one.of) ?? 0;
      const criterion = criteria[one.of]!;
      if (one.type === 'acquire') index.acquire(criterion);
      else if (count > 0) index.release(criterion.id);
      refs.set(one.of, one.type === 'acquire' ? count + 1 : Math.max(0, count - 1));
      return [];
    },
    /** As the kernel finds it: the number of the class, or none. */
    classOf(text: string): string {
      const address = parseAddress(text)!;
      const key = textOf(address.bytes);
      const own = maps.get(classMap(address.family), key);
      if (own !== undefined) return hex(own);
      const nets = finish(maps.contents(classNetMap(address.family)));
      const half = key.length;
      const found = nets.filter(([k]) => k.slice(0, half) <= key && key <= k.slice(half));
      if (found.length > 1) throw new Error('intervals overlap');
      return hex(found[0]?.[1] ?? '');
    },
    meant(text: string): string {
      const address = parseAddress(text)!;
      const met = criteria.filter((criterion, i) => {
        if ((refs.get(i) ?? 0) === 0) return false;
        return [...(criterion.nets ?? sets.get(criterion.id) ?? [])].some((net) =>
          contains(parsePrefix(net)!, address),
        );
      });
      const ids = met.map(({ id }) => id).sort();
      return ids.length === 0 ? '' : hex(textOf(setNumber(`class\n${ids.join('\n')}`)));
    },
  };
}

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}
