/**
 * A file that appears whole or not at all: written beside its place under another name, synced, renamed, and the folder synced. For its
 * owner alone. I/O.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { AppError } from '../../lib/errors.ts';
import { backupErrors } from './errors.ts';

/** Writes `path` by `fill`, which gets the empty file. Nothing is left when it fails. Errors: BACKUP_FILE, and what `fill` throws. */
export async function writeWhole<T>(path: string, fill: (file: FileHandle) => Promise<T>): Promise<T> {
  const target = resolve(path);
  const temporary = `${target}.${randomBytes(4).toString('hex')}.partial`;
  try {
    const result = await fillSynced(temporary, fill);
    await rename(temporary, target);
    await syncFolder(dirname(target));
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileError(error, target);
  }
}

/** Opens a file to read it. BACKUP_FILE when that cannot be. */
export async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw fileError(error, path);
  }
}

async function fillSynced<T>(path: string, fill: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'wx', 0o600);
  try {
    const result = await fill(file);
    await file.sync();
    return result;
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function fileError(error: unknown, path: string): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  return backupErrors.fail('BACKUP_FILE', `${path}: ${error.message}`, { cause: error });
}
