/** Two lists of keys in order, what is wanted and what is there -> what to write and what to delete. Nothing else is touched. Pure. */
import type { DeleteOp, Entry, PutOp } from '../store.ts';

export interface Wanted {
  readonly key: Buffer;
  readonly value: Buffer;
  /** 0n: none. */
  readonly lease: bigint;
}

/** Merges both; the operations come in key order. Each list is read once, and only as far as needed. */
export async function* differences(
  wanted: AsyncIterable<Wanted>,
  present: AsyncIterable<Entry>,
): AsyncGenerator<PutOp | DeleteOp> {
  const there = present[Symbol.asyncIterator]();
  try {
    let found = await there.next();
    for await (const want of wanted) {
      for (; !found.done && Buffer.compare(found.value.key, want.key) < 0; found = await there.next())
        yield { type: 'delete', key: found.value.key };
      const same = !found.done && found.value.key.equals(want.key) ? found.value : undefined;
      if (same === undefined || !isAsWanted(want, same)) yield put(want);
      if (same !== undefined) found = await there.next();
    }
    for (; !found.done; found = await there.next()) yield { type: 'delete', key: found.value.key };
  } finally {
    await there.return?.();
  }
}

function isAsWanted(want: Wanted, entry: Entry): boolean {
  return entry.lease === want.lease && entry.value.equals(want.value);
}

function put({ key, value, lease }: Wanted): PutOp {
  return { type: 'put', key, value, ...(lease === 0n ? {} : { lease }) };
}
