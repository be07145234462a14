/** Many keys: memory, database, history on top, compaction beside other requests, start. On servers of its own. I/O. */
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from './load.ts';
import { keysMany, measure, ofBoth, rowsOf } from './measure.ts';
import { type Server, startServer } from './server.ts';
import type { Row } from './table.ts';

const bytes = 1024;
/** A compaction may clean up after it has answered. */
const cleanSeconds = 5;

/** From an empty database to one with history, without it, and after a restart. */
export async function* benchGrowth(_: readonly Server[], directory: string): AsyncIterable<Row> {
  const servers = [await startServer('ours', directory), await startServer('etcd', directory)];
  try {
    const what = `${keysMany} keys of 1 KB`;
    yield* await fill(servers, `${what} written`);
    yield* await fill(servers, `${what} written again`);
    const compactions = await ofBoth(servers, compact);
    yield* rowsOf('all history compacted', compactions, {
      'answered after, ms': ({ seconds }) => seconds * 1000,
      'server CPU s': ({ cpuSeconds }) => cpuSeconds,
      'p99 of 16 writers then, ms': ({ p99Us }) => p99Us / 1000,
      'longest of 16 writers then, ms': ({ maxUs }) => maxUs / 1000,
    });
    yield* size(await ofBoth(servers, (server) => server.databaseMib()), 'all history compacted');
    await ofBoth(servers, (server) => server.stop());
    await ofBoth(servers, (server) => server.start());
    const restarted = await ofBoth(servers, (server) => ({ ...server.memory(), startMs: server.startMs }));
    yield* rowsOf(`start with ${what}`, restarted, {
      'start to first answer, ms': ({ startMs }) => startMs,
      'RSS, MiB': ({ rss }) => rss,
      'PSS, MiB': ({ pss }) => pss,
    });
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function fill(servers: readonly Server[], point: string): Promise<Row[]> {
  const options = { clients: 64, count: keysMany, bytes, prefix: '/fill/' };
  const results = await ofBoth(servers, (server) => measure(server, 'fill', options));
  const figures = { 'a second': (result: (typeof results)[0]) => result.operations / result.seconds };
  const memory = await ofBoth(servers, (server) => server.memory());
  return [
    ...rowsOf(point, results, figures, ['a second']),
    ...rowsOf(point, memory, { 'RSS, MiB': ({ rss }) => rss, 'most RSS, MiB': ({ peak }) => peak }),
    ...size(await ofBoth(servers, (server) => server.databaseMib()), point),
  ];
}

function size(mib: readonly [number, number], point: string): Iterable<Row> {
  return rowsOf(point, mib, { 'on disk, MiB': (value) => value });
}

async function compact(server: Server) {
  const before = server.cpuSeconds();
  const writing = load('put', server.target, { clients: 16, seconds: cleanSeconds, prefix: '/beside/' });
  await sleep(500);
  const { seconds } = await load('compact', server.target, {});
  const { p99Us, maxUs } = await writing;
  return { seconds, p99Us, maxUs, cpuSeconds: server.cpuSeconds() - before };
}
