/** Deletes a resource and what goes with it, as one commit where it fits into one. I/O. */
import type { Resource } from '../../resources/resource.ts';
import { unchanged } from '../effects/guard.ts';
import { effectOf } from '../effects/registry.ts';
import type { Entry, Store } from '../store.ts';
import { resourceErrors } from './errors.ts';
import { itemOf, type Reader } from './reader.ts';
import { detailsOf, printRef, type Ref } from './ref.ts';
import { attemptsMax, type Commit, conflict, refuse } from './write.ts';

export interface DeleteOptions {
  /** Delete only this incarnation. */
  readonly uid?: string;
  /** Delete only this version. */
  readonly resourceVersion?: string;
  readonly isDryRun?: boolean;
  readonly isSystem?: boolean;
  /** Refuses by throwing; without a resource when what is stored cannot be read. */
  readonly admit?: (current: Resource | undefined) => void;
  /** Told what was deleted; not of what went with it. */
  readonly onCommit?: (commit: Commit) => void;
}

/**
 * Deletes, and gives the resource as it was (undefined when what was stored could not be read).
 * RESOURCE_NOT_FOUND, RESOURCE_CONFLICT, RESOURCE_READ_ONLY, RESOURCE_PROTECTED, RESOURCE_IN_USE.
 */
export async function deleteResource(reader: Reader, ref: Ref, options: DeleteOptions): Promise<Resource | undefined> {
  refuse(ref, 'delete', { ...(options.isSystem !== undefined && { isSystem: options.isSystem }) });
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const entry = await reader.entry(ref);
    if (entry === undefined)
      throw resourceErrors.fail('RESOURCE_NOT_FOUND', printRef(ref), { details: detailsOf(ref) });
    const current = itemOf(entry)?.resource;
    options.admit?.(current);
    refuseOther(ref, entry, current, options);
    const { guards, also } = (await effectOf(ref.kind.kind).beforeDelete?.(ref, reader)) ?? { guards: [], also: [] };
    if (options.isDryRun === true) return current;
    const last = await deleteAllBut(reader.store, also);
    if (last === undefined) continue;
    const compare = [unchanged(entry), ...last.map(unchanged), ...guards];
    const success = [...last, entry].map(({ key }) => ({ type: 'delete' as const, key }));
    if (!(await reader.store.txn({ compare, success, failure: [] })).succeeded) continue;
    options.onCommit?.({ ref, before: entry.modRevision });
    return current;
  }
  throw conflict(ref, 'too many writers at once');
}

/** etcd takes 128 operations in a transaction unless told otherwise. */
const operationsMax = 100;

/** Deletes so many of `entries` that the rest fits into one transaction; undefined when one has changed meanwhile. */
async function deleteAllBut(store: Store, entries: readonly Entry[]): Promise<readonly Entry[] | undefined> {
  let rest = entries;
  while (rest.length > operationsMax) {
    const part = rest.slice(0, operationsMax);
    const success = part.map(({ key }) => ({ type: 'delete' as const, key }));
    if (!(await store.txn({ compare: part.map(unchanged), success, failure: [] })).succeeded) return undefined;
    rest = rest.slice(operationsMax);
  }
  return rest;
}

function refuseOther(ref: Ref, entry: Entry, current: Resource | undefined, options: DeleteOptions): void {
  if (options.uid !== undefined && options.uid !== current?.metadata.uid)
    throw conflict(ref, `uid is ${current?.metadata.uid}, not ${options.uid}`);
  if (options.resourceVersion !== undefined && options.resourceVersion !== String(entry.modRevision))
    throw conflict(ref, `resourceVersion is ${entry.modRevision}, not ${options.resourceVersion}`);
}
