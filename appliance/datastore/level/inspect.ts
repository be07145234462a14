/**
 * Reads every byte of the database in a directory that nobody has open, and says what is not as LevelDB wrote it, by file. LevelDB
 * itself opens much of that without a word, and with less than was in it. What a crash leaves is no damage. Changes nothing. I/O.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { MalformedBytes } from './byte-reader.ts';
import { readLog } from './log-format.ts';
import { type Manifest, readManifest, type TableEntry } from './manifest-format.ts';
import { readTableSpan } from './table-format.ts';
import { findLostWrites, type NamedLog } from './write-log.ts';

export interface Inspection {
  /** What cannot be the work of a crash; each names a file. */
  readonly damages: readonly string[];
  /** What a crash leaves too; says what is missing should an acknowledged write be gone. */
  readonly doubts: readonly string[];
  /** The files that LevelDB appends to: no one can see by themselves that their end is missing. */
  readonly growing: readonly string[];
  readonly files: number;
  readonly bytes: number;
}

/** Everything in `directory` that the database consists of. A directory without a database is sound. */
export async function inspectDatabase(directory: string): Promise<Inspection> {
  const inspector = new Inspector(directory, await readdir(directory));
  await inspector.run();
  return inspector;
}

class Inspector implements Inspection {
  readonly damages: string[] = [];
  readonly doubts: string[] = [];
  readonly growing: string[] = [];
  files = 0;
  bytes = 0;
  readonly #directory: string;
  readonly #names: readonly string[];

  constructor(directory: string, names: readonly string[]) {
    this.#directory = directory;
    this.#names = names;
  }

  async run(): Promise<void> {
    const orphan = this.#names.find((name) => /^MANIFEST-|\.ldb$|\.log$|^acknowledged$/.test(name));
    if (!this.#names.includes('CURRENT')) {
      if (orphan !== undefined) this.damages.push(`the file CURRENT is missing, but there is ${orphan}`);
      return;
    }
    const manifest = await this.#manifest();
    if (manifest === undefined) return;
    for (const table of manifest.tables) await this.#table(table);
    await this.#logs(manifest);
  }

  async #manifest(): Promise<Manifest | undefined> {
    const text = (await this.#read('CURRENT')).toString('latin1');
    const name = /^(MANIFEST-\d+)\n$/.exec(text)?.[1];
    if (name === undefined) return this.#damaged('CURRENT', 'does not name a manifest');
    if (!this.#names.includes(name)) return this.#damaged(name, 'is missing, but CURRENT names it');
    this.growing.push(name);
    const { records, damages, isTorn } = readLog(await this.#read(name));
    if (damages.length > 0) return this.#damaged(name, `does not match its checksum at byte ${damages[0]!.offset}`);
    if (isTorn) this.doubts.push(`${name} ends in the middle of a record`);
    if (records.length === 0) return this.#damaged(name, 'holds nothing');
    return this.#unlessMalformed(name, () => readManifest(records));
  }

  async #table(table: TableEntry): Promise<void> {
    const stem = String(table.number).padStart(6, '0');
    const name = [`${stem}.ldb`, `${stem}.sst`].find((candidate) => this.#names.includes(candidate));
    if (name === undefined) return this.#damaged(`${stem}.ldb`, 'is missing');
    const bytes = await this.#read(name);
    if (bytes.length !== table.bytes) {
      return this.#damaged(name, `has ${bytes.length} bytes, it was written with ${table.bytes}`);
    }
    const span = this.#unlessMalformed(name, () => readTableSpan(bytes));
    if (span === undefined) return;
    if (span.smallest.equals(table.smallest) && span.largest.equals(table.largest)) return;
    this.#damaged(name, 'holds other keys than it was written with');
  }

  async #logs({ firstLog, previousLog }: Manifest): Promise<void> {
    const live = this.#names
      .flatMap((name) => numberedLog(name) ?? [])
      .filter(({ number }) => number >= firstLog || number === previousLog)
      .sort((a, b) => a.number - b.number);
    if (firstLog > 0 && !live.some(({ number }) => number === firstLog))
      this.doubts.push(`${logName(firstLog)} is missing`);
    this.growing.push(...live.map(({ name }) => name));
    const logs: NamedLog[] = [];
    for (const { name } of live) logs.push({ name, content: readLog(await this.#read(name)) });
    const { lost, doubts } = findLostWrites(logs);
    this.damages.push(...lost);
    this.doubts.push(...doubts);
  }

  async #read(name: string): Promise<Buffer> {
    const bytes = await readFile(join(this.#directory, name));
    this.files++;
    this.bytes += bytes.length;
    return bytes;
  }

  #damaged(name: string, what: string): undefined {
    this.damages.push(`the file ${name} ${what}`);
  }

  #unlessMalformed<T>(name: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      return this.#damaged(name, error.message);
    }
  }
}

function numberedLog(name: string): { readonly name: string; readonly number: number } | undefined {
  const digits = /^(\d+)\.log$/.exec(name)?.[1];
  return digits === undefined ? undefined : { name, number: Number(digits) };
}

function logName(number: number): string {
  return `${String(number).padStart(6, '0')}.log`;
}

/** True when there is a database, whole or not. */
export async function hasDatabase(directory: string): Promise<boolean> {
  try {
    return (await stat(join(directory, 'CURRENT'))).isFile();
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}
