/**
 * Namespaces that are there because objects are in them, besides those somebody has made: got and listed like any other. I/O.
 * They are found by seeking from one namespace to the next among the keys of each kind, so what it costs grows with namespaces, not with objects.
 */
import { defaultNamespace } from '../../resources/kinds/namespace.ts';
import { apiKinds } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import { encodeStored } from '../../resources/stored.ts';
import { type Entry, prefixEnd, type Revision, type Store } from '../store.ts';
import { type Item, itemOf, type Page, type PageQuery, type Reader } from './reader.ts';
import { keyOf, type Ref, rangeOf } from './ref.ts';

/** The kinds whose objects are in namespaces. */
export const namespacedKinds = apiKinds.filter((kind) => kind.isNamespaced);

/** True when `ref` is a namespace. */
export function isNamespace(ref: Pick<Ref, 'kind'>): boolean {
  return ref.kind.kind === 'Namespace';
}

/** The namespace when it is not stored and there all the same; undefined for everything else. */
export async function derivedNamespace(reader: Reader, ref: Ref, revision: Revision = 0): Promise<Item | undefined> {
  if (!isNamespace(ref) || (await reader.entry(ref, revision)) !== undefined) return undefined;
  const isThere = ref.name === defaultNamespace || (await isUsed(reader.store, ref.name, revision));
  return isThere ? itemOf(derivedEntry(ref)) : undefined;
}

/** A page of namespaces, stored and derived ones in the order of their names. */
export async function pageOfNamespaces(reader: Reader, query: PageQuery): Promise<Page> {
  const { kind, limit, after, revision = 0 } = query;
  const stored = await reader.page({ kind, namespace: '', limit: 0, revision });
  const known = new Set(stored.entries.map((entry) => entry.key.toString()));
  const used = await usedNamespaces(reader.store, stored.revision);
  const derived = [...used.add(defaultNamespace)]
    .map((name) => derivedEntry({ kind, namespace: '', name }))
    .filter((entry) => !known.has(entry.key.toString()));
  const all = [...stored.entries, ...derived].sort((a, b) => a.key.compare(b.key));
  const rest = after === undefined ? all : all.filter(({ key }) => key.compare(after) > 0);
  const entries = limit === 0 ? rest : rest.slice(0, limit);
  return { revision: stored.revision, entries, next: entries.length < rest.length ? entries.at(-1)?.key : undefined };
}

/** A manifest of a namespace that nobody has made. */
export function manifestOfNamespace(name: string): Resource {
  return { kind: 'Namespace', apiVersion: 'v1', metadata: { name }, spec: {} };
}

async function isUsed(store: Store, name: string, revision: Revision): Promise<boolean> {
  for (const kind of namespacedKinds) {
    const { entries } = await store.range({ ...rangeOf(kind, name), limit: 1, keysOnly: true, revision });
    if (entries.length > 0) return true;
  }
  return false;
}

async function usedNamespaces(store: Store, revision: Revision): Promise<Set<string>> {
  const names = new Set<string>();
  for (const kind of namespacedKinds) {
    const whole = rangeOf(kind, '');
    let { key } = whole;
    for (;;) {
      const { entries } = await store.range({ ...whole, key, limit: 1, keysOnly: true, revision });
      if (entries.length === 0) break;
      const [name = ''] = entries[0]!.key.subarray(whole.key.length).toString().split('/');
      if (name !== '') names.add(name);
      key = prefixEnd(Buffer.concat([whole.key, Buffer.from(`${name}/`)]));
    }
  }
  return names;
}

function derivedEntry(ref: Ref): Entry {
  const value = Buffer.from(encodeStored(manifestOfNamespace(ref.name)));
  return { key: keyOf(ref), value, createRevision: 1, modRevision: 1, version: 1, lease: 0n };
}
