/** Writes a backup: every key as of one revision, while others go on writing. The store's part; where lines go is the sink's. I/O. */
import { createHash } from 'node:crypto';
import type { Revision, Store } from '../store.ts';
import { readClusterInformation } from './cluster-information.ts';
import { backupErrors } from './errors.ts';
import { type BackupHeader, backupVersion, printHeader, printLine } from './format.ts';
import { rangeOfPrefix, readPages } from './pages.ts';
import { readUnfinished } from './unfinished.ts';

export interface BackupOptions {
  readonly store: Store;
  /** Only keys that begin with this text; empty: all. */
  readonly prefix: string;
  readonly now: () => Date;
  /** Takes the bytes in order; the next piece comes when it has resolved. */
  readonly write: (bytes: Buffer) => Promise<void>;
}

/** Writes one backup; its header says what is in it. BACKUP_OVERTAKEN when the store forgot the revision: begin anew. */
export async function writeBackup(options: BackupOptions): Promise<BackupHeader> {
  const { store, prefix, write } = options;
  const header = await describe(options);
  const hash = createHash('sha256');
  const send = async (text: string) => {
    const bytes = Buffer.from(text);
    hash.update(bytes);
    await write(bytes);
  };
  await send(printHeader(header));
  const leases = new Set<bigint>();
  let keys = 0;
  for await (const page of readPages(store, prefix, header.revision)) {
    let text = '';
    for (const entry of page) {
      if (entry.lease !== 0n && !leases.has(entry.lease)) {
        leases.add(entry.lease);
        text += printLine({ type: 'lease', id: entry.lease, ttlSeconds: await ttlSeconds(store, entry.lease) });
      }
      text += printLine({ type: 'entry', entry });
    }
    keys += page.length;
    await send(text);
  }
  if (keys !== header.keys) throw backupErrors.fail('BACKUP_DAMAGED', `${header.keys} keys were counted, ${keys} read`);
  await write(Buffer.from(printLine({ type: 'end', keys, sha256: hash.digest('hex') })));
  return header;
}

async function describe({ store, prefix, now }: BackupOptions): Promise<BackupHeader> {
  const createdAt = now().toISOString();
  if ((await readUnfinished(store)) !== undefined)
    throw backupErrors.fail('RESTORE_UNFINISHED', 'there is nothing whole to back up; finish it first');
  const { revision } = await store.range({ ...rangeOfPrefix(prefix), countOnly: true });
  const keys = await countAt(store, prefix, revision);
  const information = await readClusterInformation(store, revision);
  return { version: backupVersion, revision, clusterGuid: information?.clusterGuid ?? '', createdAt, prefix, keys };
}

async function countAt(store: Store, prefix: string, revision: Revision): Promise<number> {
  return (await store.range({ ...rangeOfPrefix(prefix), countOnly: true, revision })).count;
}

async function ttlSeconds(store: Store, id: bigint): Promise<number> {
  const { ttlSeconds, remainingSeconds } = await store.leaseTimeToLive(id);
  return remainingSeconds < 0 ? 0 : ttlSeconds;
}
