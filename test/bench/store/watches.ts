/** One change to many watches, each on a connection of its own, and what a watch costs that waits. I/O. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from './load.ts';
import { type Measured, measure, ofBoth, rowsOf } from './measure.ts';
import { type Server, type ServerName, startServer } from './server.ts';
import type { Row } from './table.ts';

/** So many events in all for one point, and at least this many changes. */
const deliveries = 200_000;
const changesMin = 500;
const idleWatches = 1000;

const figures = {
  'events a second': ({ deliveries: delivered, seconds }: Measured) => delivered / seconds,
  'put to event p50, ms': ({ p50Us }: Measured) => p50Us / 1000,
  'put to event p99, ms': ({ p99Us }: Measured) => p99Us / 1000,
  'server CPU s a 1,000': ({ serverCpuSeconds, deliveries: delivered }: Measured) =>
    (serverCpuSeconds / delivered) * 1000,
};

/** Fan-out to 1, 100 and 1,000 watches, then memory. */
export async function* benchWatches(servers: readonly Server[], directory: string): AsyncIterable<Row> {
  for (const watchers of [1, 100, 1000]) {
    const count = Math.min(5000, Math.max(changesMin, deliveries / watchers));
    const options = { watchers, count, clients: 16, prefix: `/fan-${watchers}/` };
    const results = await ofBoth(servers, (server) => measure(server, 'watch', options));
    yield* rowsOf(`changes by 16 clients to ${watchers} watches`, results, figures, ['events a second']);
  }
  const each = [await memoryPerWatch('ours', directory), await memoryPerWatch('etcd', directory)] as const;
  yield* rowsOf(`${idleWatches} watches, a connection each`, each, { 'RSS a watch, KiB': (kib) => kib });
}

/** On a server of its own: one that has seen load has room left over. */
async function memoryPerWatch(name: ServerName, directory: string): Promise<number> {
  const server = await startServer(name, directory);
  try {
    await sleep(1000);
    const before = server.memory().rss;
    await using held = await startLoad('idle', server.target, { watchers: idleWatches, prefix: '/idle/' });
    await held.result();
    await sleep(1000);
    return ((server.memory().rss - before) * 1024) / idleWatches;
  } finally {
    await server.stop();
  }
}
