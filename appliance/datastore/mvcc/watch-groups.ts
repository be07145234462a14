/**
 * Which watchers a change concerns: by exact key, by prefix (one look-up per prefix length in use), and the odd ranges one by one.
 * Watchers of the same range share a group, so that a batch for a thousand of them is built once. Pure.
 */
import { prefixEnd } from '../store.ts';
import { isIn, isSingle, type Key, type Span, toBytes, toKey } from './keys.ts';

/** Members that want exactly the same. */
export interface Group<T> {
  readonly span: Span;
  readonly prevKv: boolean;
  readonly members: Set<T>;
}

interface Wanted {
  readonly span: Span;
  readonly prevKv: boolean;
}

/** An index from keys to the groups that want them. */
export class WatchGroups<T extends Wanted> {
  readonly #groups = new Map<string, Group<T>>();
  readonly #byKey = new Map<Key, Group<T>[]>();
  readonly #byPrefix = new Map<Key, Group<T>[]>();
  /** How many prefixes of a length there are. */
  readonly #prefixLengths = new Map<number, number>();
  readonly #others = new Set<Group<T>>();

  get members(): T[] {
    return [...this.#groups.values()].flatMap((group) => [...group.members]);
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  add(member: T): void {
    const name = nameOf(member);
    const group = this.#groups.get(name);
    if (group !== undefined) {
      group.members.add(member);
      return;
    }
    const created = { span: member.span, prevKv: member.prevKv, members: new Set([member]) };
    this.#groups.set(name, created);
    this.#file(created);
  }

  remove(member: T): void {
    const name = nameOf(member);
    const group = this.#groups.get(name);
    if (group === undefined || !group.members.delete(member) || group.members.size > 0) return;
    this.#groups.delete(name);
    this.#unfile(group);
  }

  /** The groups that want `key`. */
  matching(key: Key): Group<T>[] {
    const found = [...(this.#byKey.get(key) ?? [])];
    for (const length of this.#prefixLengths.keys()) {
      if (length <= key.length) found.push(...(this.#byPrefix.get(key.slice(0, length)) ?? []));
    }
    for (const group of this.#others) if (isIn(key, group.span)) found.push(group);
    return found;
  }

  #file(group: Group<T>): void {
    const { span } = group;
    if (isSingle(span)) append(this.#byKey, span.start, group);
    else if (!isPrefix(span)) this.#others.add(group);
    else if (append(this.#byPrefix, span.start, group) === 1) {
      this.#prefixLengths.set(span.start.length, (this.#prefixLengths.get(span.start.length) ?? 0) + 1);
    }
  }

  #unfile(group: Group<T>): void {
    const { span } = group;
    if (isSingle(span)) withdraw(this.#byKey, span.start, group);
    else if (!isPrefix(span)) this.#others.delete(group);
    else if (withdraw(this.#byPrefix, span.start, group) === 0) {
      const left = this.#prefixLengths.get(span.start.length)! - 1;
      if (left === 0) this.#prefixLengths.delete(span.start.length);
      else this.#prefixLengths.set(span.start.length, left);
    }
  }
}

function nameOf({ span, prevKv }: Wanted): string {
  return JSON.stringify([span.start, span.end ?? null, prevKv]);
}

function isPrefix(span: Span): boolean {
  return span.end !== undefined && toKey(prefixEnd(toBytes(span.start))) === span.end;
}

function append<T>(map: Map<Key, T[]>, key: Key, item: T): number {
  const items = map.get(key);
  if (items !== undefined) return items.push(item);
  map.set(key, [item]);
  return 1;
}

function withdraw<T>(map: Map<Key, T[]>, key: Key, item: T): number {
  const left = map.get(key)!.filter((other) => other !== item);
  if (left.length === 0) map.delete(key);
  else map.set(key, left);
  return left.length;
}
