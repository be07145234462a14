/** The store without a disk: for tests, and for what need not outlive the process. I/O only in name. */
import { MemoryLevel } from 'memory-level';
import type { Database, DatabaseSource } from '../mvcc/database.ts';
import { type MvccOptions, openMvccStore } from '../mvcc/store.ts';
import type { Store } from '../store.ts';

/** Opens a new, empty store in memory. */
export function openMemoryStore(options: MvccOptions = {}): Promise<Store> {
  return openMvccStore(memorySource(), options);
}

/** A database that keeps its content when it is closed and opened again. */
export function memorySource(): DatabaseSource {
  const database = new MemoryLevel<Buffer, Buffer>({ keyEncoding: 'buffer', valueEncoding: 'buffer' });
  return {
    durable: false,
    async open() {
      await database.open();
      return database as unknown as Database;
    },
    async probe() {},
    sizeBytes: async () => 0,
  };
}
