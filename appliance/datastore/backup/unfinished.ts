/**
 * The mark in a store that a restore or an import has begun and not ended. Written before the first change and removed with the last,
 * in one transaction each; so whoever finds it knows that the rest is not whole, and a repeat knows that it may go on. I/O.
 */

import type { PutOp, Store } from '../store.ts';
import { backupErrors } from './errors.ts';

/** Outside of what Calico's programs read. */
export const unfinishedKey = Buffer.from('/calico-appliance/unfinished');

export interface Unfinished {
  /** Of the file that is being restored or imported. */
  readonly sha256: string;
  /** Whether the store was locked before; the lock is put back at the end. */
  readonly wasLocked: boolean;
}

/** The mark, or undefined when the store is whole. */
export async function readUnfinished(store: Store): Promise<Unfinished | undefined> {
  const { entries } = await store.range({ key: unfinishedKey });
  const [entry] = entries;
  if (entry === undefined) return undefined;
  try {
    const { sha256, wasLocked } = JSON.parse(entry.value.toString()) as Record<string, unknown>;
    return { sha256: String(sha256), wasLocked: wasLocked === true };
  } catch (cause) {
    throw backupErrors.fail('RESTORE_UNFINISHED', 'its mark cannot be read', { cause });
  }
}

/** Sets the mark. */
export function markUnfinished(mark: Unfinished): PutOp {
  return { type: 'put', key: unfinishedKey, value: Buffer.from(JSON.stringify(mark)) };
}
