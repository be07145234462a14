/**
 * The name of this host's Node: `NODENAME`, else the name of the last start, else the host's name. Kept in a file, so that a host which is renamed, or whose
 * start is told less, stays the Node it was. I/O. Source: node start-up, order of names.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What is known of the name before the file is read. */
export interface NodenameSources {
  /** `NODENAME`; undefined when not given. */
  readonly given: string | undefined;
  /** `HOSTNAME` or the operating system's, in lower case. */
  readonly fallback: string;
  readonly file: string;
}

/** Throws what reading the file throws, and when the name cannot be a Node's. */
export function readNodename({ given, fallback, file }: NodenameSources): string {
  const name = given ?? (readFile(file) || fallback);
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name))
    throw new Error(`NODENAME: ${JSON.stringify(name)} must consist of lower-case letters, digits, '-' and '.'`);
  return name;
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Whole or not at all; nothing is written when it is there already. */
export function saveNodename(file: string, name: string): void {
  if (readFile(file) === name) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${name}\n`);
  renameSync(`${file}.new`, file);
}
