/** The ordered database under a store: what an abstract-level database gives, and how it is opened anew after an I/O error. */
import type { AbstractSnapshot } from 'abstract-level';
import type { Bounds } from './keys.ts';

/** The state of a database at one moment, while it is open. */
export type Snapshot = AbstractSnapshot;

export type BatchOperation =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer };

/** An open ordered database of bytes: the part of abstract-level that the store uses. */
export interface Database {
  getSync(key: Buffer, options: { snapshot?: Snapshot }): Buffer | undefined;
  iterator(options: Bounds & { snapshot?: Snapshot }): DatabaseIterator;
  /** All or nothing, and durable when `sync` is set. */
  batch(operations: BatchOperation[], options: { sync: boolean }): Promise<void>;
  snapshot(): Snapshot;
  close(): Promise<void>;
}

export interface DatabaseIterator {
  nextv(size: number): Promise<[Buffer, Buffer][]>;
  close(): Promise<void>;
}

/** How a store gets at its database; called again after an error that leaves the old handle in doubt. */
export interface DatabaseSource {
  /** STORE_IN_USE, STORE_CORRUPT or STORE_UNAVAILABLE when it does not open. */
  open(): Promise<Database>;
  /** Fails when writing would fail anyway (a full disk), so that a readable database is not closed in vain. */
  probe(): Promise<void>;
  readonly durable: boolean;
}

const sliceEntries = 1000;

/** The entries between two bounds, in slices. The scan sees the snapshot it was started on, from the first call on. */
export function scan(database: Database, snapshot: Snapshot, bounds: Bounds): AsyncIterable<[Buffer, Buffer][]> {
  const iterator = database.iterator({ ...bounds, snapshot });
  return slices(iterator);
}

async function* slices(iterator: DatabaseIterator): AsyncIterable<[Buffer, Buffer][]> {
  try {
    for (;;) {
      const entries = await iterator.nextv(sliceEntries);
      if (entries.length === 0) return;
      yield entries;
    }
  } finally {
    await iterator.close();
  }
}

/** The first `count` entries between two bounds. */
export async function readFirst(
  database: Database,
  bounds: Bounds & { snapshot?: Snapshot },
  count: number,
): Promise<[Buffer, Buffer][]> {
  const iterator = database.iterator(bounds);
  try {
    return await iterator.nextv(count);
  } finally {
    await iterator.close();
  }
}
