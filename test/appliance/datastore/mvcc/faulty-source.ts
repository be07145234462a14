/** A database in memory whose batches fail when told: before anything is written, or after all of it. Pure but for promises. */
import { memorySource } from '#appliance/datastore/memory/open.ts';
import type { BatchOperation, Database, DatabaseSource } from '#appliance/datastore/mvcc/database.ts';

/** `lost`: an error and nothing written. `kept`: an error although everything was written. */
export type Fault = 'lost' | 'kept';

export class FaultySource implements DatabaseSource {
  readonly durable = true;
  /** Taken one by one by the synced batches to come. */
  readonly faults: Fault[] = [];
  /** How often the next probes fail. */
  probesFailing = 0;
  opened = 0;
  readonly batches: BatchOperation[][] = [];
  readonly #inner = memorySource();

  async open(): Promise<Database> {
    this.opened++;
    const database = await this.#inner.open();
    return {
      getSync: (key, options) => database.getSync(key, options),
      iterator: (options) => database.iterator(options),
      snapshot: () => database.snapshot(),
      close: () => database.close(),
      batch: (operations, options) => this.#batch(database, operations, options),
    };
  }

  async probe(): Promise<void> {
    if (this.probesFailing-- > 0) throw new Error('no space left on device');
  }

  sizeBytes(): Promise<number> {
    return this.#inner.sizeBytes();
  }

  async #batch(database: Database, operations: BatchOperation[], options: { sync: boolean }): Promise<void> {
    const fault = options.sync ? this.faults.shift() : undefined;
    if (fault !== 'lost') await database.batch(operations, options);
    this.batches.push(operations);
    if (fault !== undefined)
      throw Object.assign(new Error('IO error: 000003.log: No space left on device'), { code: 'LEVEL_IO_ERROR' });
  }
}
