/**
 * Follows a part of the store: list, then watch, list again when history is gone. What the agent's graph is fed with. I/O.
 */
import type { Revision } from './store.ts';

/** One key as it is now. `value` absent means the key is gone. Spurious deletes and repeats are legal; order of keys is not promised. */
export interface Update {
  readonly key: string;
  readonly value: Buffer | undefined;
  /** mod revision of the put, or the revision of the deletion (for deletes inferred by a relist: the list's revision). */
  readonly revision: Revision;
}

/** `wait`: not connected yet; `resync`: listing; `in-sync`: everything listed has been delivered and the watch follows. */
export type SyncStatus = 'wait' | 'resync' | 'in-sync';

/** Receiver of a syncer. Calls never overlap; a returned promise is awaited before the next call (back-pressure). */
export interface SyncSink {
  onUpdates(updates: readonly Update[], revision: Revision): void | Promise<void>;
  onStatus(status: SyncStatus, revision: Revision): void | Promise<void>;
}
