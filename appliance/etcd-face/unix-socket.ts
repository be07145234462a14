/** The face's socket file: nobody else's is taken away, a dead one is. I/O. */
import { chmod, lstat, unlink } from 'node:fs/promises';
import { hasCode } from '../lib/errors.ts';
import { isSocketAnswered } from '../lib/unix-socket.ts';
import { faceErrors } from './errors.ts';

/** Owner and group may connect. */
const SOCKET_MODE = 0o660;

/** Removes a socket file at `path` that nobody listens on. ETCD_FACE_IN_USE when somebody does, or when it is no socket. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (!(await exists(path))) return;
  if (await isSocketAnswered(path)) throw faceErrors.fail('ETCD_FACE_IN_USE', path, { details: { path } });
  await unlink(path);
}

/** Lets the group connect, and nobody else. */
export function openToGroup(path: string): Promise<void> {
  return chmod(path, SOCKET_MODE);
}

async function exists(path: string): Promise<boolean> {
  try {
    const found = await lstat(path);
    if (!found.isSocket()) throw faceErrors.fail('ETCD_FACE_IN_USE', `${path} is not a socket`, { details: { path } });
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
