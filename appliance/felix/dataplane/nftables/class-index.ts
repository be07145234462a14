/**
 * Addresses partitioned into classes: two addresses that meet the same criteria (are in the same IP sets and nets that compiled rules ask for)
 * are of one class. Pure. Single addresses lie in a hash map; CIDRs in a map of disjoint intervals, for addresses that nobody has as their own.
 * A class is named by its criteria, so it is the same after every restart, and everywhere.
 */
import { assert } from '../../../lib/assert.ts';
import type { Prefix } from '../../../lib/ip/address.ts';
import { addressBits, lastAddress, maskOf, parsePrefix } from '../../../lib/ip/address.ts';
import { classMap, classNetMap } from '../../render/compiled/layout.ts';
import type { Criterion } from '../../render/compiled/shape.ts';
import type { Family } from '../../render/match.ts';
import { setNumber } from '../../render/set-layout.ts';
import { increment, textOf } from './byte-text.ts';
import type { MapStore } from './map-store.ts';
import { eachItem, type Work } from './work.ts';

/** Criteria that are met together. Equal ones are one object. */
export class AddressClass {
  /** Of criteria, ascending. */
  readonly numbers: readonly number[];
  readonly ids: readonly string[];
  /** How many addresses and intervals of a family are of this class. */
  readonly live: Record<Family, number> = { 4: 0, 6: 0 };
  /** References, of whatever kind. */
  uses = 0;
  #number: string | undefined;

  constructor(numbers: readonly number[], ids: readonly string[]) {
    this.numbers = numbers;
    this.ids = ids;
  }

  /** Its bytes in the kernel. */
  get number(): string {
    this.#number ??= textOf(setNumber(`class\n${[...this.ids].sort().join('\n')}`));
    return this.#number;
  }
}

export interface ClassChange {
  readonly family: Family;
  readonly of: AddressClass;
  readonly isBorn: boolean;
}

export interface ClassIndexParts {
  readonly maps: MapStore;
  /** The members of an IP set as they are now. */
  readonly membersOf: (setId: string) => Iterable<string>;
}

interface KnownCriterion {
  readonly id: string;
  readonly nets: readonly string[] | undefined;
  readonly number: number;
  refs: number;
  isWatched: boolean;
}

interface Host {
  /** What the address meets by itself. */
  readonly own: AddressClass;
  /** And with the CIDRs it lies in: its class in the kernel. */
  readonly of: AddressClass | undefined;
}

interface Net {
  readonly prefix: Prefix;
  own: AddressClass;
}

/** So many CIDRs change before all addresses are looked at anew, and not those in each of them. */
const scansMax = 8;

class FamilyIndex {
  readonly family: Family;
  /** By the text of their bytes. One that lies in no CIDR is its class: there are very many. */
  readonly hosts = new Map<string, Host | AddressClass>();
  readonly nets = new Map<string, Net>();
  readonly lengths = new Map<number, number>();
  /** By criterion: live classes that meet it; a lone one is kept bare. */
  readonly #classesOf: (AddressClass | Set<AddressClass> | undefined)[] = [];
  readonly dirtyHosts = new Set<string>();
  readonly changedNets: Prefix[] = [];
  /** Intervals in the kernel's map: key -> class. */
  intervals = new Map<string, AddressClass>();

  constructor(family: Family) {
    this.family = family;
  }

  classesOf(criterion: number): Iterable<AddressClass> {
    const found = this.#classesOf[criterion];
    return found instanceof AddressClass ? [found] : (found ?? []);
  }

  addClass(of: AddressClass): void {
    for (const number of of.numbers) {
      const found = this.#classesOf[number];
      if (found === undefined) this.#classesOf[number] = of;
      else if (found instanceof AddressClass) this.#classesOf[number] = new Set([found, of]);
      else found.add(of);
    }
  }

  deleteClass(of: AddressClass): void {
    for (const number of of.numbers) {
      const found = this.#classesOf[number];
      if (found === of) this.#classesOf[number] = undefined;
      else if (found instanceof Set && found.delete(of) && found.size === 0) this.#classesOf[number] = undefined;
    }
  }
}

export class ClassIndex {
  readonly #parts: ClassIndexParts;
  readonly #criteria = new Map<string, KnownCriterion>();
  /** By number; those of criteria that went are given again, so that lists by number have no holes. */
  readonly #idOf: (string | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #unsettled = new Set<KnownCriterion>();
  readonly #classes = new Map<string, AddressClass>();
  readonly #families = { 4: new FamilyIndex(4), 6: new FamilyIndex(6) } as const;
  /** Member -> numbers of criteria that it came to meet (n), or meets no more (-n), in order. */
  readonly #pending = new Map<string, number[]>();
  #changes: ClassChange[] = [];

  constructor(parts: ClassIndexParts) {
    this.#parts = parts;
  }

  acquire(criterion: Criterion): void {
    let known = this.#criteria.get(criterion.id);
    if (known === undefined) {
      // From one on: a number below zero is one that is met no more.
      const number = this.#freeNumbers.pop() ?? Math.max(1, this.#idOf.length);
      known = { id: criterion.id, nets: criterion.nets, number, refs: 0, isWatched: false };
      this.#criteria.set(criterion.id, known);
      this.#idOf[number] = criterion.id;
    }
    known.refs++;
    this.#unsettled.add(known);
  }

  release(id: string): void {
    const known = this.#criteria.get(id);
    if (known === undefined) return;
    known.refs--;
    this.#unsettled.add(known);
  }

  /** Members come to an IP set, or go. */
  onMembers(setId: string, members: Iterable<string>, isAdded: boolean): void {
    const known = this.#criteria.get(setId);
    // A rule's own nets have their members from the rule; lists of linear rules may bear the same id.
    if (known?.isWatched !== true || known.nets !== undefined) return;
    for (const member of members) this.#note(member, isAdded ? known.number : -known.number);
  }

  /** Live classes of a family that meet the criterion. */
  classesOf(family: Family, id: string): Iterable<AddressClass> {
    const known = this.#criteria.get(id);
    return known === undefined ? [] : this.#families[family].classesOf(known.number);
  }

  /** Brings the maps up to date; classes that came to life, or have no address any more. */
  *settle(): Work<readonly ClassChange[]> {
    const dropped: KnownCriterion[] = [];
    for (const known of this.#unsettled) {
      if (known.refs === 0) dropped.push(known);
      if (known.isWatched === known.refs > 0) continue;
      known.isWatched = known.refs > 0;
      const { id, nets, number, isWatched } = known;
      const members = nets ?? this.#parts.membersOf(id);
      yield* eachItem(members, (member) => this.#note(member, isWatched ? number : -number));
      yield;
    }
    this.#unsettled.clear();
    yield* eachItem(this.#pending, ([member, numbers]) => this.#apply(member, numbers));
    this.#pending.clear();
    for (const index of Object.values(this.#families)) yield* this.#settleFamily(index);
    for (const { id, number } of dropped) {
      this.#criteria.delete(id);
      this.#idOf[number] = undefined;
      this.#freeNumbers.push(number);
    }
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  #note(member: string, number: number): void {
    const numbers = this.#pending.get(member);
    if (numbers === undefined) this.#pending.set(member, [number]);
    else numbers.push(number);
  }

  #apply(member: string, numbers: readonly number[]): void {
    const prefix = parsePrefix(member);
    if (prefix === undefined) return;
    const { family } = prefix.address;
    const index = this.#families[family];
    const isHost = prefix.length === addressBits(family);
    const key = isHost ? textOf(prefix.address.bytes) : netKey(prefix);
    const host = isHost ? hostOf(index.hosts.get(key)) : undefined;
    const before = host ?? index.nets.get(key);
    const met = new Set(before?.own.numbers);
    for (const number of numbers) {
      if (number > 0) met.add(number);
      else met.delete(-number);
    }
    const own = this.#hold(this.#intern(met));
    if (before !== undefined) this.#drop(before.own);
    if (isHost) {
      index.hosts.set(key, { own, of: host?.of });
      index.dirtyHosts.add(key);
      return;
    }
    this.#changeNet(index, prefix, own);
  }

  #changeNet(index: FamilyIndex, prefix: Prefix, own: AddressClass): void {
    const key = netKey(prefix);
    const known = index.nets.get(key);
    const count = index.lengths.get(prefix.length) ?? 0;
    if (own.numbers.length === 0) {
      this.#drop(own);
      if (known !== undefined) {
        index.nets.delete(key);
        if (count > 1) index.lengths.set(prefix.length, count - 1);
        else index.lengths.delete(prefix.length);
      }
    } else if (known === undefined) {
      index.nets.set(key, { prefix, own });
      index.lengths.set(prefix.length, count + 1);
    } else known.own = own;
    index.changedNets.push(prefix);
  }

  *#settleFamily(index: FamilyIndex): Work {
    const { changedNets, hosts, dirtyHosts } = index;
    if (changedNets.length > scansMax) yield* eachItem(hosts.keys(), (key) => void dirtyHosts.add(key));
    else {
      for (const prefix of changedNets) {
        const first = textOf(prefix.address.bytes);
        const last = textOf(lastAddress(prefix).bytes);
        yield* eachItem(hosts.keys(), (key) => {
          if (first <= key && key <= last) dirtyHosts.add(key);
        });
      }
    }
    yield* eachItem(dirtyHosts, (key) => this.#settleHost(index, key));
    dirtyHosts.clear();
    if (changedNets.length > 0) yield* this.#settleNets(index);
    changedNets.length = 0;
  }

  #settleHost(index: FamilyIndex, key: string): void {
    const { own, of: before } = hostOf(index.hosts.get(key)) as Host;
    const isGone = own.numbers.length === 0;
    const now = isGone ? undefined : this.#withCover(index, key, own);
    if (now !== undefined) this.#enliven(index, now);
    if (before !== undefined) this.#weaken(index, before);
    this.#parts.maps.set(classMap(index.family), key, now?.number);
    if (now !== undefined) {
      index.hosts.set(key, now === own ? own : { own, of: now });
      return;
    }
    this.#drop(own);
    index.hosts.delete(key);
  }

  /** What the address meets by itself and by the CIDRs it lies in. */
  #withCover(index: FamilyIndex, key: string, own: AddressClass): AddressClass {
    if (index.lengths.size === 0) return own;
    let met: Set<number> | undefined;
    for (const length of index.lengths.keys()) {
      const net = index.nets.get(netKeyAt(index.family, key, length));
      if (net === undefined) continue;
      met ??= new Set(own.numbers);
      for (const number of net.own.numbers) met.add(number);
    }
    return met === undefined ? own : this.#intern(met);
  }

  /** The CIDRs lie in each other or apart: a walk in order of their first addresses cuts them into disjoint pieces. */
  *#settleNets(index: FamilyIndex): Work {
    const { family, nets } = index;
    const sorted = [...nets.values()]
      .map(({ prefix, own }) => ({ first: textOf(prefix.address.bytes), last: textOf(lastAddress(prefix).bytes), own }))
      .sort((a, b) => (a.first === b.first ? (a.last < b.last ? 1 : -1) : a.first < b.first ? -1 : 1));
    const now = new Map<string, AddressClass>();
    const open: { readonly last: string; readonly of: AddressClass }[] = [];
    let from: string | undefined = '';
    const put = (last: string, of: AddressClass) => {
      if (from !== undefined && from <= last) {
        now.set(from + last, of);
        this.#enliven(index, of);
      }
      from = increment(last);
    };
    yield* eachItem(sorted, ({ first, last, own }) => {
      for (let top = open.at(-1); top !== undefined && top.last < first; top = open.at(-1)) {
        put(top.last, top.of);
        this.#drop(top.of);
        open.pop();
      }
      const around = open.at(-1);
      if (around !== undefined && from !== undefined && from < first) put(decrement(first), around.of);
      const of = around === undefined ? own : this.#intern(new Set([...around.of.numbers, ...own.numbers]));
      open.push({ last, of: this.#hold(of) });
      from = first;
    });
    for (let top = open.pop(); top !== undefined; top = open.pop()) {
      put(top.last, top.of);
      this.#drop(top.of);
    }
    const before = index.intervals;
    index.intervals = now;
    for (const of of before.values()) this.#weaken(index, of);
    const map = classNetMap(family);
    yield* eachItem(before.keys(), (key) => now.has(key) || this.#parts.maps.set(map, key, undefined));
    yield* eachItem(now, ([key, of]) => this.#parts.maps.set(map, key, of.number));
  }

  #intern(met: ReadonlySet<number>): AddressClass {
    const numbers = [...met].sort((a, b) => a - b);
    const key = numbers.join();
    let found = this.#classes.get(key);
    if (found === undefined) {
      found = new AddressClass(
        numbers,
        numbers.map((number) => this.#idOf[number] as string),
      );
      this.#classes.set(key, found);
    }
    return found;
  }

  #hold(of: AddressClass): AddressClass {
    of.uses++;
    return of;
  }

  #drop(of: AddressClass): void {
    if (--of.uses === 0) this.#classes.delete(of.numbers.join());
  }

  #enliven(index: FamilyIndex, of: AddressClass): void {
    this.#hold(of);
    if (of.live[index.family]++ > 0) return;
    index.addClass(of);
    this.#changes.push({ family: index.family, of, isBorn: true });
  }

  #weaken(index: FamilyIndex, of: AddressClass): void {
    this.#drop(of);
    if (--of.live[index.family] > 0) return;
    index.deleteClass(of);
    this.#changes.push({ family: index.family, of, isBorn: false });
  }
}

function hostOf(found: Host | AddressClass | undefined): Host | undefined {
  return found instanceof AddressClass ? { own: found, of: found } : found;
}

function netKey({ address, length }: Prefix): string {
  return `${textOf(address.bytes)}${String.fromCharCode(length)}`;
}

function netKeyAt(family: Family, key: string, length: number): string {
  const mask = maskOf(family, length);
  let text = '';
  for (let i = 0; i < mask.length; i++) text += String.fromCharCode(key.charCodeAt(i) & mask[i]!);
  return text + String.fromCharCode(length);
}

/** The byte string minus one. */
function decrement(text: string): string {
  let at = text.length - 1;
  while (at >= 0 && text.charCodeAt(at) === 0) at--;
  assert(at >= 0, 'nothing lies before the first address');
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) - 1) + '\xff'.repeat(text.length - 1 - at);
}
