/** The servers with nothing to do, and proof that both sync before they answer. I/O. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { load } from './load.ts';
import { ofBoth, rowsOf } from './measure.ts';
import type { Server } from './server.ts';
import type { Row } from './table.ts';

const puts = 100;

/** Start, memory, and calls of fsync or fdatasync a put of one client. */
export async function* benchRest(servers: readonly Server[]): AsyncIterable<Row> {
  // the first start of an installation also compiles, and initialises the store
  await ofBoth(servers, (server) => server.stop());
  await ofBoth(servers, (server) => server.start());
  const rest = await ofBoth(servers, (server) => ({ ...server.memory(), startMs: server.startMs }));
  yield* rowsOf('nothing stored', rest, {
    'start to first answer, ms': ({ startMs }) => startMs,
    'RSS, MiB': ({ rss }) => rss,
    'PSS, MiB': ({ pss }) => pss,
  });
  if (spawnSync('strace', ['-V']).error !== undefined) return console.log('syncs are not counted: strace is missing');
  const syncs = await ofBoth(servers, countSyncs);
  yield* rowsOf(`${puts} puts, one after the other`, syncs, { 'calls of fsync, fdatasync': (count) => count });
}

async function countSyncs(server: Server): Promise<number> {
  const args = ['-f', '-qq', '-e', 'trace=fsync,fdatasync', '-e', 'signal=none', '-p', String(server.pid)];
  const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = once(tracer, 'exit');
  let text = '';
  tracer.stderr.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  // strace says nothing once it is attached; the kernel does
  while (!server.isTraced()) await new Promise((resolve) => setTimeout(resolve, 5));
  await load('put', server.target, { count: puts });
  tracer.kill('SIGINT');
  await gone;
  return text.match(/\bf(data)?sync\(/g)?.length ?? 0;
}
