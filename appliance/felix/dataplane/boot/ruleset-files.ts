/**
 * Where the ruleset for the next boot lies: `ruleset`, and the one before it, in a directory of their own below the data directory. A file is whole or
 * it is not there: it is written beside, brought to the disk, and takes the name in one step. I/O.
 */
import { readFileSync, rmSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../../lib/errors.ts';

/** The newest first. */
const names = ['ruleset', 'ruleset.previous'] as const;

export interface SavedFile {
  readonly path: string;
  readonly content: Buffer;
}

/** Where they lie, below the data directory. */
export function bootDirectory(dataDir: string): string {
  return join(dataDir, 'boot');
}

/** Those that are there, the newest first. */
export function readSavedFiles(directory: string): SavedFile[] {
  return names.flatMap((name) => {
    const path = join(directory, name);
    try {
      return [{ path, content: readFileSync(path) }];
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  });
}

/** Puts a new one in the place of the newest; that becomes the one before. */
export async function writeSavedFile(directory: string, head: string, table: Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const [newest, before] = names.map((name) => join(directory, name)) as [string, string];
  const file = await open(`${newest}.new`, 'w', 0o600);
  try {
    await file.writeFile(head);
    await file.writeFile(table);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(newest, before).catch(ignoreAbsent);
  await rename(`${newest}.new`, newest);
  await syncDirectory(directory);
}

/** Nothing is loaded at a boot any more. */
export function removeSavedFiles(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** The names, too, must be on the disk. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreAbsent(error: unknown): void {
  if (!hasCode(error, 'ENOENT')) throw error;
}
