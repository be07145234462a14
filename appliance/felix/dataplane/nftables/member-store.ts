/**
 * Members of all IP sets, and where each lies in the shared sets of the kernel. Pure.
 * Members stay the texts the graph sent (one reference each); elements are made only for what changes.
 */

import { assert } from '../../../lib/assert.ts';
import { SmallSet } from '../../../lib/collections/small-set.ts';
import type { Prefix } from '../../../lib/ip/address.ts';
import { addressBits, parseAddress, parsePrefix } from '../../../lib/ip/address.ts';
import type { IpSetType } from '../../model/messages.ts';
import type { Family } from '../../render/match.ts';
import type { ListSet } from '../../render/rendered.ts';
import type { SetFacts } from '../../render/rule-match.ts';
import { hostPortSet, hostSet, netSet, portRangeSet, setNumber } from '../../render/set-layout.ts';
import { increment, textOf } from './byte-text.ts';
import type { ElementChanges } from './element-changes.ts';
import { type Interval, IntervalIndex } from './interval-index.ts';
import { eachItem, type Work } from './work.ts';

/** `nets` and `ports` are lists of a rule: all nets lie in the interval set, whatever their length. */
type StoredType = IpSetType | ListSet['type'];

interface StoredSet {
  readonly type: StoredType;
  readonly number: Uint8Array;
  readonly members: SmallSet<string>;
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

  *replace(id: string, type: StoredType, members: readonly string[]): Work {
    const known = this.#sets.get(id);
    if (known !== undefined && known.type !== type) yield* this.remove(id);
    const stored = this.#open(id, type);
    const wanted = stored.members.size === 0 ? none : new Set(members);
    const removed: string[] = [];
    yield* eachItem(stored.members, (member) => wanted.has(member) || removed.push(member));
    yield* this.#change(id, stored, members, removed);
  }

  /** Members of a set that was never announced are kept as addresses and CIDRs. */
  *change(id: string, added: Iterable<string>, removed: Iterable<string>): Work {
    yield* this.#change(id, this.#open(id, 'net'), added, removed);
  }

  *remove(id: string): Work {
    const stored = this.#sets.get(id);
    if (stored === undefined) return;
    yield* this.#change(id, stored, [], [...stored.members]);
    this.#sets.delete(id);
    this.#idOfNumber.delete(textOf(stored.number));
  }

  /** Marks every element as to be added: after the kernel's table is gone. */
  *markAll(): Work {
    for (const stored of this.#sets.values()) {
      yield* eachItem(stored.members, (member) => {
        const element = elementOf(stored, member);
        if (element !== undefined) this.#elements.mark(element.set, element.key, true);
      });
      for (const [family, index] of stored.nets) {
        const set = setNameOf(stored, family, index);
        if (set !== undefined) yield* this.#markIntervals(stored, set, index.intervals, true);
      }
      yield;
    }
  }

  #open(id: string, type: StoredType): StoredSet {
    const known = this.#sets.get(id);
    if (known !== undefined) return known;
    const number = this.#allot(id);
    const stored: StoredSet = { type, number, members: new SmallSet(), nets: new Map(), facts: { number } };
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

  *#change(id: string, stored: StoredSet, added: Iterable<string>, removed: Iterable<string>): Work {
    const nets = new NetChanges();
    yield* eachItem(removed, (member) => {
      if (stored.members.delete(member)) this.#mark(stored, member, false, nets);
    });
    yield* eachItem(added, (member) => {
      if (stored.members.has(member)) return;
      stored.members.add(member);
      this.#mark(stored, member, true, nets);
    });
    for (const [family, { added: plus, removed: minus }] of nets.byFamily) {
      yield* this.#changeNets(id, stored, family, plus, minus);
    }
  }

  #mark(stored: StoredSet, member: string, isAdded: boolean, nets: NetChanges): void {
    const element = elementOf(stored, member);
    if (element !== undefined) this.#elements.mark(element.set, element.key, isAdded);
    else nets.add(member, isAdded);
  }

  *#changeNets(id: string, stored: StoredSet, family: Family, added: Prefix[], removed: Prefix[]): Work {
    const index = stored.nets.get(family) ?? new IntervalIndex();
    const before = setNameOf(stored, family, index);
    const changes = yield* index.change(added, removed);
    const after = setNameOf(stored, family, index);
    if (before !== undefined) {
      yield* this.#markIntervals(stored, before, changes.removed, false);
      yield* this.#markIntervals(stored, before, changes.added, true);
    }
    if (before !== after) {
      if (before !== undefined) yield* this.#markIntervals(stored, before, index.intervals, false);
      if (after !== undefined) yield* this.#markIntervals(stored, after, index.intervals, true);
    }
    if (index.size === 0) stored.nets.delete(family);
    else stored.nets.set(family, index);
    if (before !== after) {
      stored.facts = factsWith(stored, family, after);
      this.#onFactsChanged(id);
    }
  }

  *#markIntervals(stored: StoredSet, set: string, intervals: Iterable<Interval>, isAdded: boolean): Work {
    const id = textOf(stored.number);
    yield* eachItem(intervals, ({ first, last }) => this.#elements.mark(set, id + first + after(id + last), isAdded));
  }
}

const none: ReadonlySet<string> = new Set();

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

/** The exclusive end of an interval. */
function after(key: string): string {
  const next = increment(key);
  assert(next !== undefined, 'ids leave room for the carry');
  return next;
}
