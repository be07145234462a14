/**
 * Sysctls by their path below /proc/sys, of whichever network namespace the calling thread is in. I/O, synchronous on purpose:
 * `netns.ts` brackets it.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** The value without its line end; undefined when there is no such sysctl or it cannot be read. */
export function readSysctl(path: string): string | undefined {
  if (!isPlainPath(path)) return undefined;
  try {
    return readFileSync(`/proc/sys/${path}`, 'utf8').trimEnd();
  } catch {
    // Absent, write-only, or gone with its interface: all the same to a reader.
    return undefined;
  }
}

/** Undefined when written; else the reason, such as `ENOENT: no such file or directory`. */
export function writeSysctl(path: string, value: string): string | undefined {
  if (!isPlainPath(path)) return `EINVAL: ${path} is no path below /proc/sys`;
  try {
    // Opened without O_CREAT and O_TRUNC: sysctls are there or not.
    writeFileSync(`/proc/sys/${path}`, value, { flag: 'r+' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isPlainPath(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
}
