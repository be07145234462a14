/** How a store gets at its LevelDB directory, and what it refuses before LevelDB would paper over it. I/O. */
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { hasCode } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';
import type { Database, DatabaseSource } from '../mvcc/database.ts';
import { translate } from '../mvcc/translate.ts';

/** LevelDB turns its log (4 MB, and the batch that passed the mark) into a table when it is opened. */
const probeBytes = 8 * 1024 * 1024;

/** A LevelDB database in `directory`. */
export function levelSource(directory: string): DatabaseSource {
  return {
    durable: true,
    open: () => openDatabase(directory),
    probe: () => probe(directory),
    sizeBytes: () => sizeBytes(directory),
  };
}

async function openDatabase(directory: string): Promise<Database> {
  await prepare(directory);
  const database = new ClassicLevel<Buffer, Buffer>(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  try {
    await database.open();
    return database as Database;
  } catch (error) {
    throw translate(error, directory);
  }
}

/** LevelDB starts a new database when `CURRENT` is gone, and with that loses all data; files without it are damage. */
async function prepare(directory: string): Promise<void> {
  try {
    await refuseHalfRestored(directory);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const names = await readdir(directory);
    const orphan = names.find((name) => /^MANIFEST-|\.ldb$|\.log$/.test(name));
    if (orphan === undefined || names.includes('CURRENT')) return;
    throw storeErrors.fail('STORE_CORRUPT', `${directory}: the file CURRENT is missing, but there is ${orphan}`);
  } catch (error) {
    throw translate(error, directory);
  }
}

/** A restore that was cut off between its two last steps: a new, empty database here would hide what it has saved. */
async function refuseHalfRestored(directory: string): Promise<void> {
  const restoring = restoringName(directory);
  if (existsSync(directory) || !existsSync(restoring)) return;
  throw storeErrors.fail('STORE_CORRUPT', `${directory} is missing, but there is ${restoring}: repeat the restore`);
}

/** Writes and syncs about what a reopened LevelDB needs. */
async function probe(directory: string): Promise<void> {
  const path = join(directory, 'probe');
  try {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(Buffer.alloc(probeBytes));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw translate(error, directory);
  } finally {
    await rm(path, { force: true });
  }
}

/** All files of the directory; one that LevelDB removes meanwhile counts nothing. */
async function sizeBytes(directory: string): Promise<number> {
  try {
    const names = await readdir(directory);
    const sizes = await Promise.all(names.map((name) => fileBytes(join(directory, name))));
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch (error) {
    throw translate(error, directory);
  }
}

async function fileBytes(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0;
    throw error;
  }
}

/** Where a restore fills the database that is to take the place of the one in `directory`. */
export function restoringName(directory: string): string {
  return `${directory}.restoring`;
}
