/**
 * Which revisions etcd still has. It has no call for that: a read of the first revision tells whether anything was compacted,
 * and a watch from there is told up to where. I/O.
 */
import { hasCode } from '../../lib/errors.ts';
import type { Revision } from '../store.ts';
import type { EtcdClient } from './client.ts';
import { openWatchSession } from './watch-session.ts';

/** Nobody has this key, and whoever may read anything of Calico's may read it. */
const nobodysKey = Buffer.from('/calico/');
const FIRST_REVISION = 1;

/** The newest revision, and the oldest still readable. */
export async function readRevisions(
  client: EtcdClient,
): Promise<{ readonly current: Revision; readonly compacted: Revision }> {
  // Not an empty transaction: one member would answer it from what it knows.
  const newest = await client.read((options) => client.kv.range({ key: nobodysKey, count_only: true }, options));
  return { current: Number(newest.header.revision), compacted: await readCompacted(client) };
}

async function readCompacted(client: EtcdClient): Promise<Revision> {
  try {
    const request = { key: nobodysKey, revision: FIRST_REVISION, count_only: true };
    await client.read((options) => client.kv.range(request, options));
    return FIRST_REVISION;
  } catch (error) {
    if (!hasCode(error, 'STORE_COMPACTED')) throw error;
  }
  return client.read(() => askByWatch(client));
}

async function askByWatch(client: EtcdClient): Promise<Revision> {
  const session = await openWatchSession(client, { key: nobodysKey }, FIRST_REVISION);
  try {
    await session.next();
    return FIRST_REVISION;
  } catch (error) {
    const revision = compactRevisionOf(error);
    if (revision === undefined) throw error;
    return revision;
  } finally {
    session.close();
  }
}

function compactRevisionOf(error: unknown): Revision | undefined {
  if (!hasCode(error, 'STORE_COMPACTED')) return undefined;
  const { details } = error as { details: { compactRevision?: Revision } };
  return details.compactRevision;
}
