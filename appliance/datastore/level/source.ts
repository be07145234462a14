/** How a store gets at its LevelDB directory, and what it refuses before LevelDB would paper over it. I/O. */
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { hasCode } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';
import type { Database, DatabaseSource } from '../mvcc/database.ts';
import { decodeNumber } from '../mvcc/records.ts';
import { translate } from '../mvcc/translate.ts';
import { readAcknowledged } from './acknowledged.ts';
import { hasDatabase, type Inspection, inspectDatabase } from './inspect.ts';
import { numbered } from './numbered.ts';
import { sequenceKey } from './write-log.ts';

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
  try {
    await refuseHalfRestored(directory);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await refuseInUse(directory);
    const inspection = await inspectDatabase(directory);
    const { damages } = inspection;
    if (damages.length > 0) {
      await refuseInUse(directory); // what another process has just begun to change looks like damage
      throw storeErrors.fail('STORE_CORRUPT', damages.join('; '));
    }
    return await openSound(directory, inspection);
  } catch (error) {
    throw translate(error, directory);
  }
}

/** Opens what has been inspected, and refuses it when something is missing that was acknowledged. */
async function openSound(directory: string, { doubts, growing }: Inspection): Promise<Database> {
  const acknowledged = readAcknowledged(directory); // before the database is made: it opens itself if nobody does
  const level = new ClassicLevel<Buffer, Buffer>(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await level.open();
  try {
    const record = level.getSync(sequenceKey);
    const number = record === undefined ? 0 : decodeNumber(sequenceKey, record);
    if (acknowledged === undefined || acknowledged <= number) return numbered(level as Database, directory, number);
    const why =
      doubts.length === 0 ? `cut off, or older than that, is one of ${growing.join(', ')}` : doubts.join('; ');
    throw storeErrors.fail(
      'STORE_CORRUPT',
      `write ${acknowledged} was acknowledged, but ${number} is the last: ${why}`,
    );
  } catch (error) {
    await level.close();
    throw error;
  }
}

/** LevelDB takes its lock before it refuses to open a database that exists; so this touches nothing. */
async function refuseInUse(directory: string): Promise<void> {
  if (!(await hasDatabase(directory))) return;
  const level = new ClassicLevel(directory, { createIfMissing: false, errorIfExists: true });
  try {
    await level.open();
    await level.close();
  } catch (error) {
    const known = translate(error, directory);
    if (hasCode(known, 'STORE_IN_USE')) throw known;
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
