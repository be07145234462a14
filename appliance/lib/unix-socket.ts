/** Listening on a unix socket: a file left by a dead process is taken over, a living one is left alone. I/O. Source: unix(7). */
import { chmodSync, existsSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { AppError } from './errors.ts';

/** Listens on `path` with file mode `mode`. Throws SOCKET_IN_USE when somebody answers there, or the path is no socket. */
export async function listenOnUnixSocket(server: Server, path: string, mode: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path)) {
    if (!lstatSync(path).isSocket() || (await isSocketAnswered(path)))
      throw new AppError('SOCKET_IN_USE', `${path} is in use`, { details: { path } });
    unlinkSync(path);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(path, mode);
}

/** A listener too busy to answer in time counts as one. */
const probeMsMax = 1_000;

/** Whether somebody listens at `path`, or may. */
export function isSocketAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: probeMsMax });
    socket.once('timeout', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // only a refusal proves that nobody is there: an owner with a full backlog, or one we may not ask, lives
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}
