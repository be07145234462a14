/** A server process for `stalled.test.ts`: serves a store in memory and tells its resident memory when asked. Run with a socket path. */
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { startEtcdFace } from '#appliance/etcd-face/server.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { identity } from './face.ts';

// a short history, as compaction would leave it: what grows then can only be what waits for readers
const store = await openMemoryStore({ retention: { revisions: 100, ageMs: 0, revisionsMax: 200 } });
await startEtcdFace({ store, log, identity, listen: `unix:${process.argv[2]}`, stalledMaxMs: Number(process.argv[3]) });
process.on('message', () => {
  globalThis.gc?.();
  process.send?.(process.memoryUsage().rss);
});
process.send?.('ready');
