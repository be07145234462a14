/** Backups in files of their own, for tests. */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupRecord, readRecords, type VerifiedBackup, verifyBackup } from '#appliance/datastore/backup/read.ts';
import { type RestoreOptions, type RestoreResult, restoreBackup } from '#appliance/datastore/backup/restore.ts';
import { writeBackup } from '#appliance/datastore/backup/write.ts';
import type { Store } from '#appliance/datastore/store.ts';

/** The bytes of a backup of `store`; `pause` comes after each piece of it. */
export async function backupBytes(store: Store, prefix = '', pause?: () => Promise<void>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const write = async (bytes: Buffer) => {
    pieces.push(bytes);
    await pause?.();
  };
  await writeBackup({ store, prefix, now: () => new Date('2026-08-01T09:30:00Z'), write });
  return Buffer.concat(pieces);
}

/** Verifies these bytes as a file in `directory`, and gives what they hold. */
export async function readBytes(directory: string, bytes: Buffer): Promise<[VerifiedBackup, BackupRecord[]]> {
  return withFile(directory, bytes, async (file) => {
    const backup = await verifyBackup(file);
    const records: BackupRecord[] = [];
    for await (const record of readRecords(file, backup)) records.push(record);
    return [backup, records];
  });
}

/** Restores these bytes into `store`. */
export async function restoreBytes(
  directory: string,
  bytes: Buffer,
  store: Store,
  options: Partial<RestoreOptions> = {},
): Promise<RestoreResult> {
  return withFile(directory, bytes, async (file) => {
    const backup = await verifyBackup(file);
    return restoreBackup({ replace: false, ...options, store, file, backup });
  });
}

/** Runs `use` with a file of these bytes. */
export async function withFile<T>(
  directory: string,
  bytes: Buffer,
  use: (file: Awaited<ReturnType<typeof open>>) => Promise<T>,
): Promise<T> {
  const path = join(directory, 'test.backup');
  await writeFile(path, bytes);
  const file = await open(path, 'r');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
