/** Several files, each whole or as it was: written beside their places, synced, then renamed into them. I/O. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** Nothing is in its place before everything is on the disk. Throws what the system says, leaving the places as they were. */
export function writeFiles(files: readonly NewFile[]): void {
  const drafts = files.map((file) => ({ ...file, draft: `${file.path}.new` }));
  try {
    for (const { draft, text, mode } of drafts) writeSynced(draft, text, mode);
  } catch (error) {
    for (const { draft } of drafts) rmSync(draft, { force: true });
    throw error;
  }
  for (const { draft, path } of drafts) renameSync(draft, path);
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) syncFolder(folder);
}

function writeSynced(path: string, text: string, mode: number): void {
  // what an earlier try has left may have any mode and owner
  rmSync(path, { force: true });
  const descriptor = openSync(path, 'wx', mode);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
