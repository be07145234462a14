/**
 * Members of all IP sets, and where each lies in the shared sets of the kernel. Pure.
 * Members stay the texts the graph sent (one reference each); elements are made only for what changes.
 */
import { assert } from '../../../lib/assert.ts';
import type { Prefix } from '../../../lib/ip/address.ts';
import { addressBits, parseAddress, parsePrefix } from '../../../lib/ip/address.ts';
import type { IpSetType } from '../../model/messages.ts';
import type { Family } from '../../render/match.ts';
import type { ListSet } from '../../render/rendered.ts';
import type { SetFacts } from '../../render/rule-match.ts';
import { hostPortSet, hostSet, netSet, portRangeSet, setNumber } from '../../render/set-layout.ts';
import type { ElementChanges } from './element-changes.ts';
import { IntervalIndex } from './interval-index.ts';

/** `nets` and `ports` are lists of a rule: all nets lie in the interval set, whatever their length. */
type StoredType = IpSetType | ListSet['type'];

interface StoredSet {
  readonly type: StoredType;
  readonly number: Uint8Array;
  readonly members: Set<string>;
  readonly nets: Map<Family, IntervalIndex>;
  facts: SetFacts;
}

export class MemberStore {
  readonly #sets = new Map<string, StoredSet>();
  readonly #idOfNumber = new Map<string, string>();
  readonly #elements: ElementChanges;
  readonly #onFactsChanged: (id: string) => void;

  /** `onFactsChanged`: chains that use the set must be rendered anew. */
  constructor(elements: ElementChanges, onFactsChanged: (id: string) => void) {
    this.#elements = elements;
    this.#onFactsChanged = onFactsChanged;
  }

  /** Facts of a set that is not there: its number only, so nothing matches it. */
  factsOf(id: string): SetFacts {
    return this.#sets.get(id)?.facts ?? { number: setNumber(id) };
  }

  replace(id: string, type: StoredType, members: readonly string[]): void {
    const known = this.#sets.get(id);
    if (known !== undefined && known.type !== type) this.remove(id);
    const wanted = new Set(members);
    const stored = this.#sets.get(id);
    const removed = stored === undefined ? [] : [...stored.members].filter((member) => !wanted.has(member));
    this.#change(id, this.#open(id, type), wanted, removed);
  }

  /** Members of a set that was never announced are kept as addresses and CIDRs. */
  change(id: string, added: Iterable<string>, removed: Iterable<string>): void {
    this.#change(id, this.#open(id, 'net'), added, removed);
  }

  remove(id: string): void {
    const stored = this.#sets.get(id);
    if (stored === undefined) return;
    this.#change(id, stored, [], [...stored.members]);
    this.#sets.delete(id);
    this.#idOfNumber.delete(textOf(stored.number));
  }

  /** Marks every element as to be added: after the kernel's table is gone. */
  markAll(): void {
    for (const stored of this.#sets.values()) {
      for (const member of stored.members) {
        const element = elementOf(stored, member);
        if (element !== undefined) this.#elements.mark(element.set, element.key, true);
      }
      for (const [family, index] of stored.nets) this.#markIntervals(stored, family, index, true);
    }
  }

  #open(id: string, type: StoredType): StoredSet {
    const known = this.#sets.get(id);
    if (known !== undefined) return known;
    const number = this.#allot(id);
    const stored: StoredSet = { type, number, members: new Set(), nets: new Map(), facts: { number } };
    this.#sets.set(id, stored);
    return stored;
  }

  /** Two ids with one number would share members: that is a bug in the hash, or an attack on it. */
  #allot(id: string): Uint8Array {
    const number = setNumber(id);
    const other = this.#idOfNumber.get(textOf(number));
    assert(other === undefined || other === id, `IP sets ${other} and ${id} have one number`);
    this.#idOfNumber.set(textOf(number), id);
    return number;
  }

  #change(id: string, stored: StoredSet, added: Iterable<string>, removed: Iterable<string>): void {
    const nets = new NetChanges();
    for (const member of removed) {
      if (stored.members.delete(member)) this.#mark(stored, member, false, nets);
    }
    for (const member of added) {
      if (stored.members.has(member)) continue;
      stored.members.add(member);
      this.#mark(stored, member, true, nets);
    }
    for (const [family, { added: plus, removed: minus }] of nets.byFamily) {
      this.#changeNets(id, stored, family, plus, minus);
    }
  }

  #mark(stored: StoredSet, member: string, isAdded: boolean, nets: NetChanges): void {
    const element = elementOf(stored, member);
    if (element !== undefined) this.#elements.mark(element.set, element.key, isAdded);
    else nets.add(member, isAdded);
  }

  #changeNets(id: string, stored: StoredSet, family: Family, added: Prefix[], removed: Prefix[]): void {
    const index = stored.nets.get(family) ?? new IntervalIndex();
    const before = setNameOf(stored, family, index);
    const changes = index.change(added, removed);
    const after = setNameOf(stored, family, index);
    if (before !== undefined) for (const gone of changes.removed) this.#markInterval(stored, before, gone, false);
    if (before !== undefined) for (const come of changes.added) this.#markInterval(stored, before, come, true);
    if (before !== after) this.#moveAll(stored, index, before, after);
    if (index.size === 0) stored.nets.delete(family);
    else stored.nets.set(family, index);
    if (before !== after) {
      stored.facts = factsWith(stored, family, after);
      this.#onFactsChanged(id);
    }
  }

  #moveAll(stored: StoredSet, index: IntervalIndex, from: string | undefined, to: string | undefined): void {
    for (const interval of index.intervals) {
      if (from !== undefined) this.#markInterval(stored, from, interval, false);
      if (to !== undefined) this.#markInterval(stored, to, interval, true);
    }
  }

  #markIntervals(stored: StoredSet, family: Family, index: IntervalIndex, isAdded: boolean): void {
    const set = setNameOf(stored, family, index);
    if (set === undefined) return;
    for (const interval of index.intervals) this.#markInterval(stored, set, interval, isAdded);
  }

  #markInterval(
    stored: StoredSet,
    set: string,
    { first, last }: { first: string; last: string },
    isAdded: boolean,
  ): void {
    const id = textOf(stored.number);
    this.#elements.mark(set, id + first + after(id + last), isAdded);
  }
}

class NetChanges {
  readonly byFamily = new Map<Family, { added: Prefix[]; removed: Prefix[] }>();

  add(member: string, isAdded: boolean): void {
    const prefix = parsePrefix(member);
    if (prefix === undefined) return;
    const { family } = prefix.address;
    let changes = this.byFamily.get(family);
    if (changes === undefined) {
      changes = { added: [], removed: [] };
      this.byFamily.set(family, changes);
    }
    (isAdded ? changes.added : changes.removed).push(prefix);
  }
}

function setNameOf(stored: StoredSet, family: Family, index: IntervalIndex): string | undefined {
  return index.size === 0 ? undefined : netSet(family, stored.number, index.size);
}

function factsWith(stored: StoredSet, family: Family, set: string | undefined): SetFacts {
  const { number, nets4, nets6 } = stored.facts;
  const four = family === 4 ? set : nets4;
  const six = family === 6 ? set : nets6;
  return {
    number,
    ...(four === undefined ? {} : { nets4: four }),
    ...(six === undefined ? {} : { nets6: six }),
  };
}

/** Where a single member lies; undefined for a CIDR, which lies with its neighbours in intervals. */
function elementOf(stored: StoredSet, member: string): { set: string; key: string } | undefined {
  if (stored.type === 'ports') return portElement(stored, member);
  if (stored.type === 'ip-port') return hostPortElement(stored, member);
  if (stored.type === 'nets') return undefined;
  const prefix = parsePrefix(member);
  if (prefix === undefined || prefix.length < addressBits(prefix.address.family)) return undefined;
  const { family, bytes } = prefix.address;
  return { set: hostSet(family), key: textOf(stored.number) + textOf(bytes) };
}

/** `first-last`; ranges of one list do not overlap. */
function portElement(stored: StoredSet, member: string): { set: string; key: string } {
  const [first = 0, last = 0] = member.split('-').map(Number);
  const id = textOf(stored.number);
  return { set: portRangeSet, key: `${id}${shortText(first)}\0\0${after(`${id + shortText(last)}\xff\xff`)}` };
}

/** `address,protocol:port` */
function hostPortElement(stored: StoredSet, member: string): { set: string; key: string } | undefined {
  const comma = member.indexOf(',');
  const [protocol = 0, port = 0] = member
    .slice(comma + 1)
    .split(':')
    .map(Number);
  const address = parseAddress(member.slice(0, comma));
  if (address === undefined) return undefined;
  const key = `${textOf(stored.number)}${textOf(address.bytes)}${String.fromCharCode(protocol)}\0\0\0${shortText(port)}\0\0`;
  return { set: hostPortSet(address.family), key };
}

function shortText(value: number): string {
  return String.fromCharCode(value >> 8, value & 0xff);
}

/** The byte string plus one: the exclusive end of an interval. Ids leave room for the carry. */
function after(key: string): string {
  let at = key.length - 1;
  while (key.charCodeAt(at) === 0xff) at--;
  return key.slice(0, at) + String.fromCharCode(key.charCodeAt(at) + 1) + '\0'.repeat(key.length - 1 - at);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
