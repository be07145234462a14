/**
 * Restores into the data directory of a stopped server, damaged ones included: a new database is filled beside it, then the two change
 * places; the old one is kept under another name. Its revisions begin above all that agents can have seen. I/O.
 */
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { openLevelStore } from '../level/open.ts';
import { giveTo, type Owner } from '../level/owner.ts';
import { seedDirectory } from '../level/seed.ts';
import { restoringName } from '../level/source.ts';
import type { Revision } from '../store.ts';
import { checkEmpty, type RestoreOptions, type RestoreResult, restoreBackup } from './restore.ts';

export interface RestoreDirectoryOptions extends Omit<RestoreOptions, 'store'> {
  /** Of the database itself: `/var/lib/calico/store`. */
  readonly directory: string;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface RestoreDirectoryResult extends RestoreResult {
  /** Where the database lies that was there before; absent when there was none. */
  readonly replaced?: string;
}

/** STORE_IN_USE while a server runs; RESTORE_NOT_EMPTY unless `replace`; a damaged database needs no leave to be replaced. */
export async function restoreIntoDirectory(options: RestoreDirectoryOptions): Promise<RestoreDirectoryResult> {
  const { directory, backup, log, now, isDryRun } = options;
  const revisionBefore = await examine(options);
  const staging = restoringName(directory);
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true, mode: 0o700 });
  await seedDirectory(staging, revisionAbove(Math.max(revisionBefore, backup.header.revision), now()));
  const store = await openLevelStore(staging, { log, limits, retention: false });
  let result: RestoreResult;
  try {
    result = await restoreBackup({ ...options, store, replace: true });
  } finally {
    await store.close();
  }
  if (isDryRun) {
    await rm(staging, { recursive: true, force: true });
    return { ...result, revisionBefore };
  }
  await giveTo(staging, await ownerOf(directory)); // a restore by root leaves files that the server's user can open
  const replaced = await changePlaces(directory, staging, now());
  return { ...result, revisionBefore, ...(replaced === undefined ? {} : { replaced }) };
}

/** One key, however large it is. */
const limits = { requestBytesMax: Number.MAX_SAFE_INTEGER };

/** The revision of what is there; 0 when there is nothing, or nothing that can be read. */
async function examine({ directory, backup, replace, log }: RestoreDirectoryOptions): Promise<Revision> {
  if (!(await exists(directory)) || (await readdir(directory)).length === 0) return 0;
  try {
    const store = await openLevelStore(directory, { log, retention: false });
    try {
      if (!replace) await checkEmpty(store, backup.header.prefix);
      return (await store.revisions()).current;
    } finally {
      await store.close();
    }
  } catch (error) {
    if (hasCode(error, 'STORE_CORRUPT')) return 0;
    throw error;
  }
}

/**
 * Above every revision known, and above every one that a store begun in this way before can have reached: 100,000 a second, which no
 * store commits, and a number that JavaScript still counts exactly.
 */
function revisionAbove(known: Revision, now: Date): Revision {
  return Math.max(known + 1_000_000, Math.floor(now.getTime() / 1000) * 100_000);
}

/** A crash between the two renames leaves no database but the new one beside its place; opening refuses that, and a repeat ends it. */
async function changePlaces(directory: string, staging: string, now: Date): Promise<string | undefined> {
  const replaced = `${directory}.replaced-${now.toISOString().replaceAll(/[:.]/g, '')}`;
  const hadOne = await exists(directory);
  if (hadOne) await rename(directory, replaced);
  await rename(staging, directory);
  const folder = await open(dirname(directory), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return hadOne ? replaced : undefined;
}

/** Who runs the server: the owner of the database, else of the folder it is to lie in. */
async function ownerOf(directory: string): Promise<Owner> {
  return lstat((await exists(directory)) ? directory : dirname(directory));
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
