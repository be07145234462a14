/**
 * The elements of maps that compiled lists need, and which of them changed since the kernel was last told. Pure.
 * A key is its bytes as text (an interval: those of its first and of its last key), a value a number as text, or a verdict.
 */
import type { NftElement, NftOperation } from '../../../kernel/kernel.ts';
import { isCellMap, isIntervalMap, numberLength, valuePad } from '../../render/compiled/layout.ts';
import { bytesOf, increment, textOf } from './byte-text.ts';
import { eachItem, type Work } from './work.ts';

interface StoredMap {
  readonly name: string;
  readonly entries: Map<string, string>;
  /** Key -> the value that the kernel has, of those that changed. */
  readonly touched: Map<string, string | undefined>;
}

/** The verdict that goes to a chain, as a value. */
export function gotoValue(chain: string): string {
  return `>${chain}`;
}

export class MapStore {
  readonly #maps = new Map<string, StoredMap>();
  #isWritten = true;

  /** `value` undefined takes the element away. */
  set(name: string, key: string, value: string | undefined): void {
    const { entries, touched } = this.#open(name);
    const before = entries.get(key);
    if (before === value) return;
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
    if (this.#isWritten && !touched.has(key)) touched.set(key, before);
  }

  get(name: string, key: string): string | undefined {
    return this.#maps.get(name)?.entries.get(key);
  }

  isFilled(name: string): boolean {
    return (this.#maps.get(name)?.entries.size ?? 0) > 0;
  }

  /** Keys and values of a map, in the order of the keys. */
  *contents(name: string): Work<[key: string, value: string][]> {
    const found: [string, string][] = [];
    yield* eachItem(this.#maps.get(name)?.entries ?? [], (entry) => void found.push(entry));
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Maps that have elements, sorted. */
  filled(): string[] {
    return [...this.#maps.keys()].filter((name) => this.isFilled(name)).sort();
  }

  /** What goes or gets another value, then what comes: in one transaction a key is never without its value. */
  *operations(table: string): Work<NftOperation[]> {
    const removals: NftOperation[] = [];
    const additions: NftOperation[] = [];
    for (const { name, entries, touched } of this.#maps.values()) {
      const goes: NftElement[] = [];
      const comes: NftElement[] = [];
      if (!this.#isWritten) yield* eachItem(entries, ([key, value]) => putElements(name, key, value, comes));
      yield* eachItem(touched, ([key, before]) => {
        const now = entries.get(key);
        if (now === before) return;
        if (before !== undefined) putElements(name, key, before, goes);
        if (now !== undefined) putElements(name, key, now, comes);
      });
      if (goes.length > 0) removals.push({ type: 'delete-elements', table, set: name, elements: goes });
      if (comes.length > 0) additions.push({ type: 'add-elements', table, set: name, elements: comes });
    }
    return [...removals, ...additions];
  }

  /** True when these are the elements that the kernel is to have of a map. */
  *isSame(name: string, found: readonly NftElement[]): Work<boolean> {
    const wanted = new Map<string, string>();
    yield* eachItem(this.#maps.get(name)?.entries ?? [], ([key, value]) => {
      const elements: NftElement[] = [];
      putElements(name, key, value, elements);
      for (const element of elements) wanted.set(printKey(element), printValue(element));
    });
    if (wanted.size !== found.length) return false;
    let isSame = true;
    yield* eachItem(found, (element) => {
      isSame &&= wanted.get(printKey(element)) === printValue(element);
    });
    return isSame;
  }

  /** The kernel has everything. */
  commit(): void {
    for (const map of this.#maps.values()) {
      map.touched.clear();
      if (map.entries.size === 0) this.#maps.delete(map.name);
    }
    this.#isWritten = true;
  }

  /** The kernel has nothing. */
  forgetWritten(): void {
    for (const { touched } of this.#maps.values()) touched.clear();
    this.#isWritten = false;
  }

  #open(name: string): StoredMap {
    let map = this.#maps.get(name);
    if (map === undefined) {
      map = { name, entries: new Map(), touched: new Map() };
      this.#maps.set(name, map);
    }
    return map;
  }
}

function putElements(name: string, key: string, value: string, into: NftElement[]): void {
  const of = valueBytes(name, value);
  if (!isIntervalMap(name)) {
    into.push({ key: bytesOf(key), ...of });
    return;
  }
  into.push({ key: bytesOf(key.slice(0, key.length / 2)), ...of });
  const end = increment(key.slice(key.length / 2));
  if (end !== undefined) into.push({ key: bytesOf(end), isEnd: true });
}

function valueBytes(name: string, value: string): Pick<NftElement, 'verdict' | 'data'> {
  if (!isCellMap(name)) {
    const data = new Uint8Array(valuePad + numberLength);
    data.set(bytesOf(value), valuePad);
    return { data };
  }
  if (value.startsWith('>')) return { verdict: { code: 'goto', chain: value.slice(1) } };
  return { verdict: { code: value as 'accept' | 'drop' } };
}

function printKey({ key, isEnd }: NftElement): string {
  return `${textOf(key)}${isEnd === true ? 'e' : ''}`;
}

function printValue({ verdict, data }: NftElement): string {
  if (verdict !== undefined) return `${verdict.code} ${verdict.chain ?? ''}`;
  return data === undefined ? '' : textOf(data);
}
