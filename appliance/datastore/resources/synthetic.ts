/** Resources that exist without being stored: the default-allow profile, got and listed like any other. Pure. */
import { createDefaultAllowProfile, defaultAllowProfileName } from '../../resources/builtin.ts';
import { encodeStored } from '../../resources/stored.ts';
import type { Entry } from '../store.ts';
import { type Item, itemOf, type Page, type PageQuery } from './reader.ts';
import { keyOf, type Ref } from './ref.ts';

/** The resource when it is one of these. */
export function builtInItem(ref: Ref): Item | undefined {
  if (ref.kind.kind !== 'Profile' || ref.name !== defaultAllowProfileName) return undefined;
  return itemOf(defaultAllowEntry(ref.kind));
}

/** A page with these behind the last stored entry, as upstream lists them. */
export function withBuiltIns(query: PageQuery, page: Page): Page {
  if (query.kind.kind !== 'Profile' || page.next !== undefined) return page;
  return { ...page, entries: [...page.entries, defaultAllowEntry(query.kind)] };
}

function defaultAllowEntry(kind: Ref['kind']): Entry {
  return {
    key: keyOf({ kind, namespace: '', name: defaultAllowProfileName }),
    value: Buffer.from(encodeStored(createDefaultAllowProfile())),
    createRevision: 1,
    modRevision: 1,
    version: 1,
    lease: 0n,
  };
}
