/**
 * A LevelDB database whose synced batches are numbered: each leaves its number under a key of its own, and in the mark beside the database
 * once it is durable. So the next opening can tell whether anything is missing. I/O.
 */
import type { BatchOperation, Database } from '../mvcc/database.ts';
import { encodeNumber } from '../mvcc/records.ts';
import { Acknowledged } from './acknowledged.ts';
import { sequenceKey } from './write-log.ts';

/** `database`, which ends at batch `last`, with its mark in `directory`. */
export function numbered(database: Database, directory: string, last: number): Database {
  const mark = Acknowledged.open(directory, last);
  let number = last;
  let closed: Promise<void> | undefined;
  return {
    getSync: (key, options) => database.getSync(key, options),
    iterator: (options) => database.iterator(options),
    snapshot: () => database.snapshot(),
    compactRange: async (start, end) => database.compactRange?.(start, end),
    async batch(operations, { sync }) {
      if (!sync) return database.batch(operations, { sync });
      const mine = ++number;
      const record: BatchOperation = { type: 'put', key: sequenceKey, value: encodeNumber(sequenceKey, mine) };
      await database.batch([...operations, record], { sync });
      mark.write(mine);
    },
    close() {
      closed ??= database.close().then(() => mark.close());
      return closed;
    },
  };
}
