/** `calico-apiserver` with its embedded store, spoken to as an etcd by our own etcd client. I/O. */
import { join } from 'node:path';
import type { Target } from '../target.ts';
import { openCell } from './cell.ts';
import { createClock } from './clock.ts';
import { canConnect, connectTo } from './etcd-client.ts';
import { LinkProxy } from './link-proxy.ts';
import { ServerProcess } from './process.ts';

const program = join(import.meta.dirname, '../../../bin/calico-apiserver');

export async function openFace(): Promise<Target> {
  const cell = await openCell({ diskMegabytes: 96 });
  const clock = createClock(cell.directory);
  const runDir = join(cell.directory, 'run');
  const socket = join(runDir, 'etcd.sock');
  const server = new ServerProcess({
    cell,
    command: [program],
    env: {
      ...clock.env,
      CALICO_CONFIG_DIR: join(cell.directory, 'etc'),
      CALICO_DATA_DIR: cell.disk,
      CALICO_RUN_DIR: runDir,
    },
    answers: () => canConnect(socket),
  });
  let connections = 0;
  const link = new LinkProxy({ path: socket });
  await link.listen();
  // The first process ends in good order: only so it leaves its compiled code to all that will be killed.
  server.start();
  await server.ready();
  await server.kill('SIGTERM');
  server.start();
  await server.ready();
  return {
    name: 'face',
    servers: [Object.assign(server, { moveClock: (seconds: number) => clock.move(seconds) })],
    links: [link],
    // By turns as agents on the same machine come in, and through what can be cut.
    connect: () => connectTo([++connections % 2 === 0 ? `unix:${socket}` : link.endpoint]),
    async [Symbol.asyncDispose]() {
      await server.kill();
      await link[Symbol.asyncDispose]();
      await cell[Symbol.asyncDispose]();
    },
  };
}
