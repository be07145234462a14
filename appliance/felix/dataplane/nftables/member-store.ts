/**
 * Members of all IP sets, and which of their elements the kernel does not have yet. Pure.
 * Members stay the texts the graph sent (one reference each); elements are made only for what is to be written.
 */

import { assert } from '../../../lib/assert.ts';
import { SmallSet } from '../../../lib/collections/small-set.ts';
import type { Prefix } from '../../../lib/ip/address.ts';
import type { Family } from '../../render/match.ts';
import type { SetFacts } from '../../render/rule-match.ts';
import { hashedLengthMin, netSet, prefixSetId, setNumber } from '../../render/set-layout.ts';
import { textOf } from './byte-text.ts';
import type { Counted } from './counted.ts';
import { ElementChanges } from './element-changes.ts';
import { ElementKey } from './element-key.ts';
import { ElementPacks } from './element-packs.ts';
import type { Interval } from './interval-index.ts';
import { NetIndex, type Nets } from './net-index.ts';
import type { NetPlace, StoredNets, StoredSet, StoredType } from './stored-set.ts';
import { eachElement, netOf, netsOfLength, nowhere, placeSingle } from './stored-set.ts';
import { eachItem, finish, type Work } from './work.ts';

/** So many members make a set in one go. */
const fillMax = 1000;

export interface MemberStoreParts {
  /** The interval sets that must exist. */
  readonly netSets: Counted;
  /** Chains that use the set must be rendered anew. */
  readonly onFactsChanged: (id: string) => void;
  /** Members of an IP set came or went. */
  readonly onMembers?: (id: string, members: Iterable<string>, isAdded: boolean) => void;
  /** What `isCriterion()` says changed. */
  readonly onCriterion?: (id: string) => void;
  /** How many CIDRs of one length a set may have as intervals; for tests. */
  readonly hashedLengthMin?: number | undefined;
}

export class MemberStore {
  readonly #parts: MemberStoreParts;
  readonly #sets = new Map<string, StoredSet>();
  /** Of which the kernel has nothing. */
  readonly #unwritten = new Set<StoredSet>();
  readonly #changes = new ElementChanges();
  readonly #idOfNumber = new Map<string, string>();
  /** How many chains look a set up: others are not in the kernel. */
  readonly #users = new Map<string, number>();
  readonly #key = new ElementKey();

  constructor(parts: MemberStoreParts) {
    this.#parts = parts;
  }

  /** Facts of a set that is not there: its number only, so nothing matches it. */
  factsOf(id: string): SetFacts {
    const stored = this.#sets.get(id);
    if (stored === undefined) return { number: setNumber(id) };
    const four = stored.nets?.[4]?.place ?? nowhere;
    const six = stored.nets?.[6]?.place ?? nowhere;
    return {
      number: setNumber(id),
      ...(four.set === undefined ? {} : { nets4: four.set }),
      ...(six.set === undefined ? {} : { nets6: six.set }),
      ...(four.numbers.size === 0 ? {} : { lengths4: [...four.numbers.keys()] }),
      ...(six.numbers.size === 0 ? {} : { lengths6: [...six.numbers.keys()] }),
    };
  }

  /** What the set holds; undefined when it is not there. */
  membersOf(id: string): SmallSet<string> | undefined {
    return this.#sets.get(id)?.members;
  }

  /** A chain looks the set up, whether it is there or not. */
  acquire(id: string): void {
    const users = this.#users.get(id) ?? 0;
    this.#users.set(id, users + 1);
    const stored = this.#sets.get(id);
    if (users > 0 || stored === undefined) return;
    this.#need(stored);
    for (const { place } of Object.values(stored.nets ?? {})) this.#acquirePlace(place);
  }

  release(id: string): void {
    const users = (this.#users.get(id) ?? 0) - 1;
    if (users > 0) {
      this.#users.set(id, users);
      return;
    }
    this.#users.delete(id);
    const stored = this.#sets.get(id);
    if (stored === undefined || this.#isNeeded(stored)) return;
    if (stored.isWritten) finish(eachElement(stored, this.#key, () => this.#changes.mark(this.#key, false)));
    stored.isWritten = false;
    this.#unwritten.delete(stored);
    this.#forgetNumber(stored);
    for (const { place } of Object.values(stored.nets ?? {})) this.#releasePlace(place);
  }

  /** False for a set with so many CIDRs that telling addresses apart by them would cost more than asking for each packet. */
  isCriterion(id: string): boolean {
    return !isTooWide(this.#sets.get(id));
  }

  /** Lists of rules exist while they are looked up. */
  #isNeeded({ id, type }: StoredSet): boolean {
    return type === 'nets' || type === 'ports' || this.#users.has(id);
  }

  *replace(id: string, type: StoredType, members: readonly string[]): Work {
    const known = this.#sets.get(id);
    if (known !== undefined && known.type !== type) yield* this.remove(id);
    const stored = this.#open(id, type);
    if (stored.members.size === 0 && members.length <= fillMax) return yield* this.#fill(stored, members);
    const removed: string[] = [];
    if (stored.members.size > 0) {
      const wanted = new Set(members);
      yield* eachItem(stored.members, (member) => wanted.has(member) || removed.push(member));
    }
    yield* this.#change(stored, members, removed);
  }

  /** As `#change()`, of a set that has no members: most come this way, and then stay as they are. */
  *#fill(stored: StoredSet, members: readonly string[]): Work {
    stored.members = new SmallSet(members);
    this.#parts.onMembers?.(stored.id, stored.members, true);
    const nets = new Map<Family, Nets>();
    yield* eachItem(stored.members, (member) => this.#take(stored, member, true, nets));
    for (const [family, changes] of nets) yield* this.#changeNets(stored, family, changes);
  }

  /** Members of a set that was never announced are kept as addresses and CIDRs. */
  *change(id: string, added: Iterable<string>, removed: Iterable<string>): Work {
    yield* this.#change(this.#open(id, 'net'), added, removed);
  }

  *remove(id: string): Work {
    const stored = this.#sets.get(id);
    if (stored === undefined) return;
    if (stored.isWritten) yield* eachElement(stored, this.#key, () => this.#changes.mark(this.#key, false));
    this.#parts.onMembers?.(id, stored.members, false);
    const wasTooWide = isTooWide(stored);
    for (const nets of Object.values(stored.nets ?? {})) this.#setPlace(stored, nets, nowhere);
    this.#unwritten.delete(stored);
    this.#sets.delete(id);
    this.#forgetNumber(stored);
    if (wasTooWide) this.#parts.onCriterion?.(id);
  }

  /** Elements that are to come, or to go, by set of the kernel. */
  *packChanges(isAdded: boolean): Work<ElementPacks['bySet']> {
    const packs = new ElementPacks();
    yield* this.#changes.pack(isAdded, packs);
    if (!isAdded) return packs.bySet;
    for (const stored of this.#unwritten) {
      yield* eachElement(stored, this.#key, () => packs.add(this.#key));
      yield;
    }
    return packs.bySet;
  }

  /** The kernel has everything. */
  commit(): void {
    this.#changes.clear();
    for (const stored of this.#unwritten) stored.isWritten = true;
    this.#unwritten.clear();
  }

  /** The kernel has nothing. */
  forgetWritten(): void {
    this.#changes.clear();
    for (const stored of this.#sets.values()) {
      stored.isWritten = false;
      if (this.#isNeeded(stored)) this.#unwritten.add(stored);
    }
  }

  #open(id: string, type: StoredType): StoredSet {
    const known = this.#sets.get(id);
    if (known !== undefined) return known;
    const stored: StoredSet = { id, type, number: undefined, members: new SmallSet(), isWritten: false };
    this.#sets.set(id, stored);
    if (this.#isNeeded(stored)) this.#need(stored);
    return stored;
  }

  #need(stored: StoredSet): void {
    stored.number = this.#allot(stored.id);
    this.#unwritten.add(stored);
  }

  #forgetNumber(stored: StoredSet): void {
    if (stored.number !== undefined) this.#idOfNumber.delete(stored.number);
    stored.number = undefined;
  }

  /** Two ids with one number would share members: that is a bug in the hash, or an attack on it. */
  #allot(id: string): string {
    const number = textOf(setNumber(id));
    const other = this.#idOfNumber.get(number);
    assert(other === undefined || other === id, `IP sets ${other} and ${id} have one number`);
    this.#idOfNumber.set(number, id);
    return number;
  }

  *#change(stored: StoredSet, added: Iterable<string>, removed: Iterable<string>): Work {
    const nets = new Map<Family, Nets>();
    const { onMembers } = this.#parts;
    yield* eachItem(removed, (member) => {
      if (!stored.members.delete(member)) return;
      onMembers?.(stored.id, [member], false);
      this.#take(stored, member, false, nets);
    });
    yield* eachItem(added, (member) => {
      if (stored.members.has(member)) return;
      stored.members.add(member);
      onMembers?.(stored.id, [member], true);
      this.#take(stored, member, true, nets);
    });
    for (const [family, changes] of nets) yield* this.#changeNets(stored, family, changes);
  }

  /** A CIDR waits in `nets`, to be taken together with its neighbours. */
  #take(stored: StoredSet, member: string, isAdded: boolean, nets: Map<Family, Nets>): void {
    const net = netOf(stored, member);
    if (net === undefined) {
      if (stored.isWritten && placeSingle(stored, member, this.#key)) this.#changes.mark(this.#key, isAdded);
      return;
    }
    let changes = nets.get(net.address.family);
    if (changes === undefined) {
      changes = { added: [], removed: [] };
      nets.set(net.address.family, changes);
    }
    (isAdded ? changes.added : changes.removed).push(net);
  }

  *#changeNets(stored: StoredSet, family: Family, changes: Nets): Work {
    const wasTooWide = isTooWide(stored);
    const nets = this.#openNets(stored, family);
    const before = nets.place;
    const { hashed, intervals } = yield* nets.index.change(changes, (lengths) => netsOfLength(stored, family, lengths));
    this.#setPlace(stored, nets, this.#placeOf(stored, family, nets));
    if (stored.isWritten) {
      yield* this.#markHashed(before, hashed.removed, false);
      yield* this.#markHashed(nets.place, hashed.added, true);
      yield* this.#markIntervals(stored, before, intervals.removed, false);
      yield* this.#markIntervals(stored, before, intervals.added, true);
      if (before.set !== nets.place.set) {
        yield* this.#markIntervals(stored, before, nets.index.intervals.intervals, false);
        yield* this.#markIntervals(stored, nets.place, nets.index.intervals.intervals, true);
      }
    }
    if (nets.index.isEmpty) delete stored.nets?.[family];
    if (isTooWide(stored) !== wasTooWide) this.#parts.onCriterion?.(stored.id);
  }

  #openNets(stored: StoredSet, family: Family): StoredNets {
    const { hashedLengthMin: min = hashedLengthMin } = this.#parts;
    stored.nets ??= {};
    stored.nets[family] ??= {
      index: new NetIndex(stored.type === 'net' ? min : Number.POSITIVE_INFINITY),
      place: nowhere,
    };
    return stored.nets[family];
  }

  #placeOf({ id }: StoredSet, family: Family, { index, place }: StoredNets): NetPlace {
    const count = index.intervals.size;
    const numberOf = (length: number) => place.numbers.get(length) ?? this.#allot(prefixSetId(id, family, length));
    return {
      set: count === 0 ? undefined : netSet(family, setNumber(id), count),
      numbers: new Map(index.hashedLengths().map((length) => [length, numberOf(length)])),
    };
  }

  #setPlace(stored: StoredSet, nets: StoredNets, place: NetPlace): void {
    const before = nets.place;
    nets.place = place;
    if (this.#isNeeded(stored)) {
      this.#acquirePlace(place);
      this.#releasePlace(before);
    }
    for (const [length, number] of before.numbers) if (!place.numbers.has(length)) this.#idOfNumber.delete(number);
    if (!isSamePlace(before, place)) this.#parts.onFactsChanged(stored.id);
  }

  #acquirePlace({ set }: NetPlace): void {
    if (set !== undefined) this.#parts.netSets.acquire(set);
  }

  #releasePlace({ set }: NetPlace): void {
    if (set !== undefined) this.#parts.netSets.release(set);
  }

  #markHashed({ numbers }: NetPlace, nets: readonly Prefix[], isAdded: boolean): Work {
    return eachItem(nets, (net) => {
      this.#key.setAddress(numbers.get(net.length) as string, net);
      this.#changes.mark(this.#key, isAdded);
    });
  }

  *#markIntervals(stored: StoredSet, { set }: NetPlace, intervals: Iterable<Interval>, isAdded: boolean): Work {
    if (set === undefined) return;
    yield* eachItem(intervals, (interval) => {
      this.#key.setInterval(set, stored.number as string, interval);
      this.#changes.mark(this.#key, isAdded);
    });
  }
}

/** CIDRs of one IP set and family that may tell addresses apart. */
const criterionNetsMax = 2048;

function isTooWide(stored: StoredSet | undefined): boolean {
  return Object.values(stored?.nets ?? {}).some(({ index }) => index.size > criterionNetsMax);
}

function isSamePlace(a: NetPlace, b: NetPlace): boolean {
  return a.set === b.set && a.numbers.size === b.numbers.size && [...a.numbers.keys()].every((n) => b.numbers.has(n));
}
