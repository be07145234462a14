/** The elements of IP sets, by histories of changes: what the kernel is told adds up to what a fresh start tells it, and matches what is meant. */
import test from 'ava';
import fc from 'fast-check';
import { Counted } from '#appliance/felix/dataplane/nftables/counted.ts';
import type { ElementPacks } from '#appliance/felix/dataplane/nftables/element-packs.ts';
import { MemberStore } from '#appliance/felix/dataplane/nftables/member-store.ts';
import { finish } from '#appliance/felix/dataplane/nftables/work.ts';
import { hostSet, prefixSetId, setNumber } from '#appliance/felix/render/set-layout.ts';
import { unpackKeys } from '#appliance/kernel/nft-keys.ts';
import { type Address, contains, masked, parseAddress, parsePrefix } from '#appliance/lib/ip/address.ts';

const ids = ['s:a', 's:b'];
const cidr = fc
  .tuple(fc.nat(3), fc.nat(3), fc.constantFrom(8, 15, 24, 25, 32))
  .map(([b, c, length]) => `${text(masked(parsePrefix(`10.${b}.${c}.128/${length}`)!).address)}/${length}`);
const cidr6 = fc.tuple(fc.nat(3), fc.constantFrom(48, 64)).map(([n, length]) => `fd00:0:${n}::/${length}`);
const members = fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: cidr }, cidr6), { maxLength: 12 });
const step = fc.oneof(
  fc.record({ type: fc.constant('replace' as const), id: fc.constantFrom(...ids), members }),
  fc.record({ type: fc.constant('change' as const), id: fc.constantFrom(...ids), members, removed: members }),
  fc.record({ type: fc.constant('remove' as const), id: fc.constantFrom(...ids) }),
  fc.record({ type: fc.constantFrom('write' as const, 'write' as const, 'forget' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const probes = ['10.0.0.128', '10.1.2.129', '10.2.3.1', '10.3.3.255', '11.0.0.1', 'fd00:0:1::9', 'fd00:0:3:1::1'];

test('the elements told add up to those of a fresh start, and hold exactly the members', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.nat(3), (history, hashedLengthMin) => {
      const old = openStore(hashedLengthMin);
      const wanted = new Map<string, Set<string>>();
      for (const one of history) {
        take(old, wanted, one);
        note(wanted, one);
      }
      old.write();
      const fresh = openStore(hashedLengthMin);
      for (const [id, set] of wanted) finish(fresh.store.replace(id, 'net', [...set]));
      fresh.write();
      t.deepEqual(old.elements(), fresh.elements());
      t.deepEqual([...old.netSets.names()].sort(), [...fresh.netSets.names()].sort());
      for (const [id, set] of wanted) {
        t.deepEqual(old.store.factsOf(id), fresh.store.factsOf(id));
        for (const probe of probes) t.is(old.has(id, parseAddress(probe)!), isMeant(set, parseAddress(probe)!), probe);
      }
    }),
    { numRuns: 300, verbose: true },
  );
});

function take(under: ReturnType<typeof openStore>, wanted: ReadonlyMap<string, Set<string>>, one: Step): void {
  if (one.type === 'replace') finish(under.store.replace(one.id, 'net', one.members));
  else if (one.type === 'change') {
    const removed = one.removed.filter((member) => !one.members.includes(member));
    finish(under.store.change(one.id, one.members, wanted.has(one.id) ? removed : []));
  } else if (one.type === 'remove') finish(under.store.remove(one.id));
  else if (one.type === 'write') under.write();
  else under.forget();
}

function note(wanted: Map<string, Set<string>>, one: Step): void {
  if (one.type === 'replace') wanted.set(one.id, new Set(one.members));
  else if (one.type === 'remove') wanted.delete(one.id);
  else if (one.type === 'change') {
    const kept = [...(wanted.get(one.id) ?? [])].filter((member) => !one.removed.includes(member));
    wanted.set(one.id, new Set([...kept, ...one.members]));
  }
}

/** A store and the kernel's part: elements come only where they are not, and go only where they are. */
function openStore(hashedLengthMin: number) {
  const netSets = new Counted();
  const store = new MemberStore({ netSets, onFactsChanged() {}, hashedLengthMin });
  for (const id of ids) store.acquire(id);
  const kernel = new Set<string>();
  const each = (packs: ElementPacks['bySet']) =>
    [...packs].flatMap(([set, pack]) =>
      [...unpackKeys(pack)].map(({ key, isEnd }) => `${set} ${Buffer.from(key).toString('hex')}${isEnd ? '-' : '+'}`),
    );
  return {
    store,
    netSets,
    write() {
      for (const element of each(finish(store.packChanges(false))))
        if (!kernel.delete(element)) throw new Error(element);
      for (const element of each(finish(store.packChanges(true)))) {
        if (kernel.has(element)) throw new Error(element);
        kernel.add(element);
      }
      store.commit();
    },
    forget() {
      kernel.clear();
      store.forgetWritten();
    },
    elements: () => [...kernel].sort(),
    /** As the rules look an address up. */
    has(id: string, address: Address): boolean {
      const { number, nets4, nets6, lengths4, lengths6 } = store.factsOf(id);
      const { family, bytes } = address;
      const isHash = (idBytes: Uint8Array, of: Uint8Array) => kernel.has(`${hostSet(family)} ${hex(idBytes, of)}+`);
      if (isHash(number, bytes)) return true;
      for (const length of (family === 4 ? lengths4 : lengths6) ?? []) {
        const network = masked({ address, length }).address.bytes;
        if (isHash(setNumber(prefixSetId(id, family, length)), network)) return true;
      }
      const set = family === 4 ? nets4 : nets6;
      return set !== undefined && isInInterval(kernel, set, hex(number, bytes));
    },
  };
}

/** The last bound at or below the key is a start. An end sorts before a start at the same place. */
function isInInterval(kernel: ReadonlySet<string>, set: string, key: string): boolean {
  const bounds = [...kernel].filter((element) => element.startsWith(`${set} `)).map((e) => e.slice(set.length + 1));
  const below = bounds.filter((bound) => bound.slice(0, -1) <= key);
  const order = (bound: string) => `${bound.slice(0, -1)}${bound.endsWith('-') ? 0 : 1}`;
  return (
    below
      .sort((a, b) => (order(a) < order(b) ? -1 : 1))
      .at(-1)
      ?.endsWith('+') ?? false
  );
}

function isMeant(members: ReadonlySet<string>, address: Address): boolean {
  return [...members].some((member) => contains(parsePrefix(member)!, address));
}

function hex(id: Uint8Array, address: Uint8Array): string {
  return Buffer.concat([id, address]).toString('hex');
}

function text({ bytes }: Address): string {
  return bytes.join('.');
}
