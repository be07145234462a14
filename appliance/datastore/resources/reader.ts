/**
 * Reads resources: one by name, or a page of a kind in key order at one revision. I/O.
 * An entry that cannot be understood is skipped in lists (as upstream) and reported when asked for by name.
 */
import { setImmediate } from 'node:timers/promises';
import type { KindDefinition } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import { decodeStored } from '../../resources/stored.ts';
import type { Entry, Revision, Store } from '../store.ts';
import { resourceErrors } from './errors.ts';
import { detailsOf, keyOf, printRef, type Ref, rangeOf } from './ref.ts';

/** A resource beside the entry it was read from. */
export interface Item {
  readonly resource: Resource;
  readonly entry: Entry;
}

export interface PageQuery {
  readonly kind: KindDefinition;
  /** Empty: all namespaces, and always so for global kinds. */
  readonly namespace: string;
  /** At most this many entries; 0: all. */
  readonly limit: number;
  /** Start behind this key. */
  readonly after?: Buffer;
  /** Read as of this revision; 0 or absent: the newest. */
  readonly revision?: Revision;
}

/** Entries as they are stored; `itemOf()` decodes one. Decoding is left to the reader, who can pause in between. */
export interface Page {
  /** The revision it was read at. */
  readonly revision: Revision;
  readonly entries: readonly Entry[];
  /** Where the next page starts behind; undefined on the last page. */
  readonly next: Buffer | undefined;
}

export interface Reader {
  readonly store: Store;
  /** RESOURCE_NOT_FOUND, RESOURCE_UNREADABLE. */
  item(ref: Ref, revision?: Revision): Promise<Item>;
  /** The raw entry, readable or not. */
  entry(ref: Ref, revision?: Revision): Promise<Entry | undefined>;
  page(query: PageQuery): Promise<Page>;
  /** Every readable resource of a kind at one revision. */
  all(kind: KindDefinition, namespace?: string): Promise<{ revision: Revision; items: readonly Item[] }>;
}

/** A reader over `store`. */
export function createReader(store: Store): Reader {
  return {
    store,
    item: (ref, revision) => readItem(store, ref, revision),
    entry: (ref, revision) => readEntry(store, ref, revision),
    page: (query) => readPage(store, query),
    all: (kind, namespace = '') => readAll(store, kind, namespace),
  };
}

/** An entry as a resource; undefined when it cannot be understood. */
export function itemOf(entry: Entry): Item | undefined {
  const result = decodeStored(entry.key.toString(), entry.value.toString(), entry.modRevision);
  return result.ok ? { resource: result.value, entry } : undefined;
}

async function readEntry(store: Store, ref: Ref, revision = 0): Promise<Entry | undefined> {
  const { entries } = await store.range({ key: keyOf(ref), revision });
  return entries[0];
}

async function readItem(store: Store, ref: Ref, revision = 0): Promise<Item> {
  const entry = await readEntry(store, ref, revision);
  if (entry === undefined) throw resourceErrors.fail('RESOURCE_NOT_FOUND', printRef(ref), { details: detailsOf(ref) });
  const result = decodeStored(entry.key.toString(), entry.value.toString(), entry.modRevision);
  if (result.ok) return { resource: result.value, entry };
  const details = { ...detailsOf(ref), problems: result.problems };
  throw resourceErrors.fail('RESOURCE_UNREADABLE', printRef(ref), { details });
}

async function readPage(store: Store, query: PageQuery): Promise<Page> {
  const { key, rangeEnd } = rangeOf(query.kind, query.namespace);
  const range = { key: query.after === undefined ? key : successor(query.after), ...(rangeEnd && { rangeEnd }) };
  const revision = query.revision ?? 0;
  const result = await store.range({ ...range, revision, limit: query.limit });
  return {
    revision: revision === 0 ? result.revision : revision,
    entries: result.entries,
    next: result.more ? result.entries.at(-1)?.key : undefined,
  };
}

async function readAll(store: Store, kind: KindDefinition, namespace: string) {
  const { revision, entries } = await readPage(store, { kind, namespace, limit: 0 });
  const items: Item[] = [];
  for (const [i, entry] of entries.entries()) {
    const item = itemOf(entry);
    if (item !== undefined) items.push(item);
    if (i % entriesPerTurn === entriesPerTurn - 1) await setImmediate();
  }
  return { revision, items };
}

/** Entries decoded before other work gets its turn: a few milliseconds. */
export const entriesPerTurn = 100;

/** The first key behind `key`. */
function successor(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.from([0])]);
}
