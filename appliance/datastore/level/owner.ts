/** Keeps the files of a database with whoever runs its server, when somebody else (root) has worked on them. I/O. */
import { chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Gives `directory` and all that lies in it to `owner`, by default the owner of the directory. */
export async function giveTo(directory: string, owner?: Owner): Promise<void> {
  const { uid, gid } = owner ?? (await lstat(directory));
  for (const path of [...(await readdir(directory)).map((name) => join(directory, name)), directory]) {
    const found = await lstat(path);
    if (found.uid !== uid || found.gid !== gid) await chown(path, uid, gid);
  }
}
