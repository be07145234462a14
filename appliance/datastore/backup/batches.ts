/** Writes many single operations as few transactions, none larger than an etcd takes. I/O. */
import type { Op, Store } from '../store.ts';

const operationsMax = 100;
const bytesMax = 1024 * 1024;

/** Writes all of them in order; gives how many were puts and how many deletions. */
export async function writeInBatches(store: Store, operations: AsyncIterable<Op>): Promise<Counts> {
  const counts = { puts: 0, deletes: 0 };
  let batch: Op[] = [];
  let bytes = 0;
  const flush = async () => {
    if (batch.length > 0) await store.txn({ compare: [], success: batch, failure: [] });
    batch = [];
    bytes = 0;
  };
  for await (const operation of operations) {
    const size = bytesOf(operation);
    if (batch.length >= operationsMax || bytes + size > bytesMax) await flush();
    batch.push(operation);
    bytes += size;
    counts[operation.type === 'put' ? 'puts' : 'deletes']++;
  }
  await flush();
  return counts;
}

export interface Counts {
  readonly puts: number;
  readonly deletes: number;
}

function bytesOf(operation: Op): number {
  return operation.type === 'put' ? operation.key.length + operation.value.length : 0;
}
