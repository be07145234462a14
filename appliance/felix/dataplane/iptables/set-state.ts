/**
 * IP sets as they are to be and what the kernel lacks of them, made from the messages. Pure.
 * Each IP set is one of the kernel for each family; what is added goes in before rules change, what is removed after. Source: ipset(8).
 */
import type { IpSetType } from '../../model/messages.ts';
import { setName } from '../../render/iptables/names.ts';
import type { Family } from '../../render/match.ts';

export type KernelSetType = 'hash:net' | 'hash:ip,port';

/** What `ipset save` shows of one set of ours. */
export interface KernelSet {
  readonly type: string;
  readonly maxElements: number;
  readonly members: ReadonlySet<string>;
}

export interface DesiredSet {
  readonly name: string;
  readonly id: string;
  readonly type: KernelSetType;
  readonly family: Family;
  readonly members: Set<string>;
  /**
   * `absent`: to be made. `misfit`: there, but of another type or size, to be made anew in its place. `present`: there, with its members but for
   * those that are to be added and removed.
   */
  state: 'absent' | 'misfit' | 'present';
  readonly added: Set<string>;
  readonly removed: Set<string>;
}

export const families: readonly Family[] = [4, 6];
const membersAtOnce = 512;

type Rest<Value = void> = Generator<undefined, Value>;

export class SetState {
  /** The most members a set of the kernel may have: MaxIpsetSize. */
  #maxElements: number;
  readonly #sets = new Map<string, DesiredSet>();
  /** Sets with something to write. */
  readonly #dirty = new Set<string>();
  /** Of ours, in the kernel as they are here, and needed no more. */
  readonly #surplus = new Map<string, KernelSet>();

  constructor(maxElements = 1_048_576) {
    this.#maxElements = maxElements;
  }

  get maxElements(): number {
    return this.#maxElements;
  }

  /** Sets of another size are made anew when they are next compared. */
  set maxElements(count: number) {
    this.#maxElements = count;
  }

  *replace(id: string, type: IpSetType, members: readonly string[], of: readonly Family[] = families): Rest {
    const wanted = split(members);
    for (const family of of) {
      const set = this.#open(id, type, family);
      this.#dirty.add(set.name);
      let steps = 0;
      for (const member of set.members) {
        if (!wanted[family].has(member)) remove(set, member);
        if (++steps % membersAtOnce === 0) yield;
      }
      for (const member of wanted[family]) {
        add(set, member);
        if (++steps % membersAtOnce === 0) yield;
      }
      this.#tidy(set);
    }
  }

  *change(id: string, added: readonly string[], removed: readonly string[]): Rest {
    yield* this.#each(id, removed, remove);
    yield* this.#each(id, added, add);
  }

  *#each(id: string, members: readonly string[], apply: (set: DesiredSet, member: string) => void): Rest {
    let steps = 0;
    for (const text of members) {
      const set = this.#sets.get(setName(id, familyOf(text)));
      if (set !== undefined) {
        apply(set, memberOf(text));
        this.#dirty.add(set.name);
      }
      if (++steps % membersAtOnce === 0) yield;
    }
  }

  remove(id: string): void {
    for (const family of families) {
      const name = setName(id, family);
      const set = this.#sets.get(name);
      if (set === undefined) continue;
      this.#sets.delete(name);
      this.#dirty.delete(name);
      if (set.state !== 'absent') this.#surplus.set(name, this.#kernelSide(set));
    }
  }

  /** Sets that are to be in the kernel. */
  counts(): Record<Family, number> {
    const counts = { 4: 0, 6: 0 };
    for (const { family } of this.#sets.values()) counts[family]++;
    return counts;
  }

  get(name: string): DesiredSet | undefined {
    return this.#sets.get(name);
  }

  /** Of an IP set of the graph, as its messages write them. */
  membersOf(id: string): (Iterable<string> & { has(member: string): boolean }) | undefined {
    const sets = families.flatMap((family) => this.#sets.get(setName(id, family)) ?? []);
    if (sets.length === 0) return undefined;
    return {
      has: (text) => this.#sets.get(setName(id, familyOf(text)))?.members.has(memberOf(text)) === true,
      *[Symbol.iterator]() {
        for (const { members, family } of sets) for (const member of members) yield textOf(member, family);
      },
    };
  }

  dirty(): DesiredSet[] {
    return [...this.#dirty].flatMap((name) => this.#sets.get(name) ?? []);
  }

  surplus(): string[] {
    return [...this.#surplus.keys()];
  }

  /** The set is in the kernel with these of the members that were to be added. */
  markAdded(set: DesiredSet, members: readonly string[]): void {
    if (set.state === 'misfit') set.removed.clear();
    set.state = 'present';
    for (const member of members) set.added.delete(member);
    this.#tidy(set);
  }

  markRemoved(set: DesiredSet, members: readonly string[]): void {
    for (const member of members) set.removed.delete(member);
    this.#tidy(set);
  }

  markDestroyed(name: string): void {
    this.#surplus.delete(name);
  }

  /** Takes everything of ours that the kernel has, read anew. */
  *compare(kernel: ReadonlyMap<string, KernelSet>): Rest {
    this.#surplus.clear();
    for (const [name, set] of kernel) if (!this.#sets.has(name)) this.#surplus.set(name, set);
    for (const set of this.#sets.values()) yield* this.#meet(set, kernel.get(set.name));
  }

  *#meet(set: DesiredSet, found: KernelSet | undefined): Rest {
    const isFit = found?.type === set.type && found.maxElements === this.#maxElements;
    const there = isFit ? found.members : new Set<string>();
    set.state = found === undefined ? 'absent' : isFit ? 'present' : 'misfit';
    set.added.clear();
    set.removed.clear();
    let steps = 0;
    for (const member of set.members) {
      if (!there.has(member)) set.added.add(member);
      if (++steps % membersAtOnce === 0) yield;
    }
    for (const member of there) {
      if (!set.members.has(member)) set.removed.add(member);
      if (++steps % membersAtOnce === 0) yield;
    }
    this.#dirty.add(set.name);
    this.#tidy(set);
  }

  #tidy(set: DesiredSet): void {
    if (set.state === 'present' && set.added.size === 0 && set.removed.size === 0) this.#dirty.delete(set.name);
  }

  #open(id: string, type: IpSetType, family: Family): DesiredSet {
    const name = setName(id, family);
    const known = this.#sets.get(name);
    if (known !== undefined) return known;
    const set: DesiredSet = {
      name,
      id,
      type: type === 'net' ? 'hash:net' : 'hash:ip,port',
      family,
      members: new Set(),
      state: 'absent',
      added: new Set(),
      removed: new Set(),
    };
    this.#sets.set(name, set);
    for (const _ of this.#meet(set, this.#surplus.get(name)));
    this.#surplus.delete(name);
    return set;
  }

  /** What the kernel has of it by our knowledge. */
  #kernelSide({ type, members, added, removed, state }: DesiredSet): KernelSet {
    const there = new Set(members);
    for (const member of added) there.delete(member);
    for (const member of removed) there.add(member);
    return { type: state === 'misfit' ? 'unknown' : type, maxElements: this.#maxElements, members: there };
  }
}

function add(set: DesiredSet, member: string): void {
  if (set.members.has(member)) return;
  set.members.add(member);
  if (!set.removed.delete(member)) set.added.add(member);
}

function remove(set: DesiredSet, member: string): void {
  if (!set.members.delete(member)) return;
  if (!set.added.delete(member) && set.state === 'present') set.removed.add(member);
}

function familyOf(text: string): Family {
  const comma = text.indexOf(',');
  const colon = text.indexOf(':');
  return colon >= 0 && (comma < 0 || colon < comma) ? 6 : 4;
}

/** As `ipset save` prints it, but for the names of protocols: an address of full length stands without a length. */
function memberOf(text: string): string {
  const rest = familyOf(text) === 4 ? '/32' : '/128';
  return text.endsWith(rest) ? text.slice(0, -rest.length) : text;
}

function textOf(member: string, family: Family): string {
  if (member.includes('/') || member.includes(',')) return member;
  return `${member}${family === 4 ? '/32' : '/128'}`;
}

function split(members: readonly string[]): Record<Family, Set<string>> {
  const sets = { 4: new Set<string>(), 6: new Set<string>() };
  for (const text of members) sets[familyOf(text)].add(memberOf(text));
  return sets;
}
