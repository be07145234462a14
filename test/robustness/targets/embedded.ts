/** The embedded store, in a process of its own so that it can be killed. I/O. */
import { join } from 'node:path';
import type { Target } from '../target.ts';
import { openCell } from './cell.ts';
import { createClock } from './clock.ts';
import { EmbeddedStore } from './embedded-store.ts';
import { ServerProcess } from './process.ts';

const program = join(import.meta.dirname, 'embedded-server.ts');

export async function openEmbedded(): Promise<Target> {
  const cell = await openCell({ diskMegabytes: 96 });
  const clock = createClock(cell.directory);
  const store = new EmbeddedStore();
  const server = new ServerProcess({
    cell,
    command: [process.execPath, '--no-warnings', program, join(cell.disk, 'store')],
    env: clock.env,
    hasChannel: true,
    started: (child) => store.attach(child),
    answers: async () => store.isOpen,
  });
  server.start();
  await server.ready();
  return {
    name: 'embedded',
    servers: [Object.assign(server, { moveClock: (seconds: number) => clock.move(seconds) })],
    links: [],
    connect: () => store,
    async [Symbol.asyncDispose]() {
      await server.kill();
      await cell[Symbol.asyncDispose]();
    },
  };
}
