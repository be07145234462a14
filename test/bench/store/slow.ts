/** Watches that nobody reads, while much is written below them: what the server keeps for them. I/O. */
import { startLoad } from './load.ts';
import { keysMany, measure, rowsOf } from './measure.ts';
import { type Server, type ServerName, startServer } from './server.ts';
import type { Row } from './table.ts';

const watchers = 100;
const bytes = 1024;

/** Most memory, against the same writes without those watches, and how the writers fared. On servers of its own, so that peaks are its own. */
export async function* benchSlow(_: readonly Server[], directory: string): AsyncIterable<Row> {
  const names = ['ours', 'etcd'] as const;
  const alone = [await write(names[0], directory, 0), await write(names[1], directory, 0)] as const;
  const beside = [await write(names[0], directory, watchers), await write(names[1], directory, watchers)] as const;
  const figures = {
    'most RSS, MiB': ({ peak }: Written) => peak,
    'puts a second': ({ perSecond }: Written) => perSecond,
  };
  yield* rowsOf(`${keysMany} events of 1 KB, no watch`, alone, figures, ['puts a second']);
  yield* rowsOf(`the same, ${watchers} watches do not read`, beside, figures, ['puts a second']);
}

interface Written {
  readonly peak: number;
  readonly perSecond: number;
}

async function write(name: ServerName, directory: string, stalled: number): Promise<Written> {
  const server = await startServer(name, directory);
  try {
    await using held = await startLoad('idle', server.target, { watchers: stalled, prefix: '/slow/' });
    await held.result();
    const options = { clients: 64, count: keysMany, bytes, prefix: '/slow/' };
    const { operations, seconds } = await measure(server, 'put', options);
    return { peak: server.memory().peak, perSecond: operations / seconds };
  } finally {
    await server.stop();
  }
}
