/**
 * Reads backup files. `verifyBackup()` reads all of it and says what is wrong; `readEntries()` then gives what it holds, and compares the
 * checksum again, as the file may have changed in between. A line at a time, so memory does not grow with the file. I/O.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { backupErrors } from './errors.ts';
import { type BackupHeader, type BackupLine, backupVersion, parseHeader, parseLine } from './format.ts';
import { readLines } from './lines.ts';

/** A backup that is whole. */
export interface VerifiedBackup {
  readonly header: BackupHeader;
  readonly sha256: string;
}

export type BackupRecord = Exclude<BackupLine, { type: 'end' }>;

/** Resolves when the whole file is as it was written. BACKUP_FOREIGN, _NEWER, _TRUNCATED, _DAMAGED, _TRAILING say what it is instead. */
export async function verifyBackup(file: FileHandle): Promise<VerifiedBackup> {
  const reading = new Reading();
  for await (const line of readLines(file)) reading.take(line);
  return reading.finish();
}

/** Leases and keys of a verified backup, in the order of keys. BACKUP_DAMAGED when the file is no longer what was verified. */
export async function* readRecords(file: FileHandle, verified: VerifiedBackup): AsyncGenerator<BackupRecord> {
  const reading = new Reading();
  for await (const line of readLines(file)) {
    const record = reading.take(line);
    if (record !== undefined) yield record;
  }
  if (reading.finish().sha256 !== verified.sha256)
    throw backupErrors.fail('BACKUP_DAMAGED', 'it was changed while it was read');
}

/** Takes the lines of a file in order. */
class Reading {
  readonly #hash = createHash('sha256');
  #header: BackupHeader | undefined;
  #lines = 0;
  #keys = 0;
  #lastKey: Buffer = Buffer.alloc(0);
  #end: { readonly sha256: string } | undefined;

  /** What the line holds; nothing for the first and the last. */
  take({ bytes, isWhole }: { readonly bytes: Buffer; readonly isWhole: boolean }): BackupRecord | undefined {
    this.#lines++;
    if (this.#end !== undefined) throw backupErrors.fail('BACKUP_TRAILING', `line ${this.#lines}`);
    if (this.#header === undefined) {
      this.#header = readHeader(bytes, isWhole);
      this.#hash.update(bytes).update('\n');
      return undefined;
    }
    if (!isWhole) throw this.#truncated();
    const line = parseLine(bytes.toString());
    if (line === undefined) throw backupErrors.fail('BACKUP_DAMAGED', `line ${this.#lines} cannot be read`);
    if (line.type === 'end') {
      this.#checkEnd(line);
      return undefined;
    }
    this.#hash.update(bytes).update('\n');
    if (line.type === 'entry') this.#count(line.entry.key);
    return line;
  }

  finish(): VerifiedBackup {
    if (this.#header === undefined) throw backupErrors.fail('BACKUP_FOREIGN', 'it is empty');
    if (this.#end === undefined) throw this.#truncated();
    return { header: this.#header, sha256: this.#end.sha256 };
  }

  #count(key: Buffer): void {
    if (Buffer.compare(this.#lastKey, key) >= 0)
      throw backupErrors.fail('BACKUP_DAMAGED', `line ${this.#lines}: keys are not in order`);
    this.#lastKey = key;
    this.#keys++;
  }

  #checkEnd({ keys, sha256 }: { readonly keys: number; readonly sha256: string }): void {
    const found = this.#hash.digest('hex');
    if (found !== sha256) throw backupErrors.fail('BACKUP_DAMAGED', 'the checksum at its end does not fit');
    if (keys !== this.#keys || keys !== this.#header?.keys)
      throw backupErrors.fail('BACKUP_DAMAGED', `it says ${keys} keys and has ${this.#keys}`);
    this.#end = { sha256 };
  }

  #truncated() {
    return backupErrors.fail('BACKUP_TRUNCATED', `it ends after ${this.#keys} of ${this.#header?.keys ?? 0} keys`);
  }
}

function readHeader(bytes: Buffer, isWhole: boolean): BackupHeader {
  const header = parseHeader(bytes.toString());
  if (header === undefined) throw backupErrors.fail('BACKUP_FOREIGN');
  if (!('revision' in header))
    throw backupErrors.fail('BACKUP_NEWER', `format ${header.version}, this program reads up to ${backupVersion}`);
  if (!isWhole) throw backupErrors.fail('BACKUP_TRUNCATED', 'it ends in its first line');
  return header;
}
