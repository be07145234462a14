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
  iterator(options: Bounds & { snapshot?: Snapshot; highWaterMarkBytes?: number }): DatabaseIterator;
  /** All or nothing, and durable when `sync` is set. */
  batch(operations: BatchOperation[], options: { sync: boolean }): Promise<void>;
  snapshot(): Snapshot;
  /** Rewrites what lies between two keys without what was deleted. Absent when nothing is won by it. */
  compactRange?(start: Buffer, end: Buffer): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseIterator {
  /** At most `size` entries, often fewer; none at the end. */
  nextv(size: number): Promise<[Buffer, Buffer][]>;
  close(): Promise<void>;
}

/** How a store gets at its database; called again after an error that leaves the old handle in doubt. */
export interface DatabaseSource {
  /** STORE_IN_USE, STORE_CORRUPT or STORE_UNAVAILABLE when it does not open. */
  open(): Promise<Database>;
  /** Fails when writing would fail anyway (a full disk), so that a readable database is not closed in vain. */
  probe(): Promise<void>;
  /** On disk; 0 when there is none. */
  sizeBytes(): Promise<number>;
  readonly durable: boolean;
}

const sliceEntries = 500;
/** LevelDB hands out 16 KB a call unless told otherwise; a call costs more than copying that. */
const sliceBytes = 256 * 1024;

/** A snapshot that stays open until it has been replaced and its last reader is done. */
export class SharedSnapshot {
  readonly snapshot: Snapshot;
  #readers = 0;
  #isRetired = false;

  constructor(database: Database) {
    this.snapshot = database.snapshot();
  }

  retain(): void {
    this.#readers++;
  }

  release(): void {
    this.#readers--;
    this.#closeIfDone();
  }

  /** Nobody new will read it. */
  retire(): void {
    this.#isRetired = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (!this.#isRetired || this.#readers > 0) return;
    // The database closes what is still open when it is closed itself, and that is the only way this can fail.
    this.snapshot.close().catch(() => undefined);
  }
}

/**
 * The entries between two bounds, in slices, as the snapshot has them. The snapshot is held from this call on,
 * so the result must be iterated.
 */
export function scan(database: Database, shared: SharedSnapshot, bounds: Bounds): AsyncIterable<[Buffer, Buffer][]> {
  shared.retain();
  return slices(database, shared, bounds);
}

async function* slices(database: Database, shared: SharedSnapshot, bounds: Bounds): AsyncIterable<[Buffer, Buffer][]> {
  try {
    const iterator = database.iterator({ ...bounds, snapshot: shared.snapshot, highWaterMarkBytes: sliceBytes });
    try {
      for (let entries = await iterator.nextv(sliceEntries); entries.length > 0; ) {
        yield entries;
        entries = await iterator.nextv(sliceEntries);
      }
    } finally {
      await iterator.close();
    }
  } finally {
    shared.release();
  }
}

/** The first entries between two bounds, as the database has them now: at most `count`, none only when there is none. */
export async function readFirst(database: Database, bounds: Bounds, count: number): Promise<[Buffer, Buffer][]> {
  const iterator = database.iterator({ ...bounds, highWaterMarkBytes: sliceBytes });
  try {
    return await iterator.nextv(count);
  } finally {
    await iterator.close();
  }
}
