/**
 * Reads every key of a prefix as of one revision, a page at a time, the next page being on its way while one is worked on.
 * Pages are a few megabytes, so memory does not grow with the store. I/O.
 */
import { hasCode } from '../../lib/errors.ts';
import { type Entry, type KeyRange, prefixEnd, type Revision, type Store } from '../store.ts';
import { backupErrors } from './errors.ts';

const keysMax = 500;
const pageBytes = 2 * 1024 * 1024;

/** The range of all keys that begin with `prefix`; of all keys when it is empty. */
export function rangeOfPrefix(prefix: string): KeyRange & { rangeEnd: Buffer } {
  const key = Buffer.from(prefix);
  if (key.length === 0) return { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };
  return { key, rangeEnd: prefixEnd(key) };
}

/** Entries in key order, in pages. BACKUP_OVERTAKEN when the store forgets the revision meanwhile. */
export async function* readPages(store: Store, prefix: string, revision: Revision): AsyncGenerator<readonly Entry[]> {
  const { key, rangeEnd } = rangeOfPrefix(prefix);
  const read = (from: Buffer, limit: number) => store.range({ key: from, rangeEnd, revision, limit });
  let limit = 100;
  let page = await read(key, limit).catch(overtaken);
  for (;;) {
    const last = page.entries.at(-1);
    if (last === undefined) return;
    limit = nextLimit(page.entries);
    const next = page.more ? read(Buffer.concat([last.key, Buffer.from([0])]), limit) : undefined;
    // Whoever stops reading does not wait for it; its error is thrown below, where it is awaited.
    next?.catch(() => undefined);
    yield page.entries;
    if (next === undefined) return;
    page = await next.catch(overtaken);
  }
}

/** As many entries as fill a page when they are as large as the last ones. */
function nextLimit(entries: readonly Entry[]): number {
  const bytes = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  return Math.max(1, Math.min(keysMax, Math.floor((pageBytes * entries.length) / Math.max(1, bytes))));
}

function overtaken(error: unknown): never {
  if (!hasCode(error, 'STORE_COMPACTED')) throw error;
  throw backupErrors.fail('BACKUP_OVERTAKEN', '', { cause: error });
}
