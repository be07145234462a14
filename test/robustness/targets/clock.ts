/**
 * The wall clock of a Node process, moved by Debian's libfaketime, which reads the offset from a file. The monotonic clock is left alone: no
 * administrator and no time service can move that one. Go programs ask the kernel past any library, so etcd's clock stays. I/O.
 */
import { globSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How long the library keeps an offset before it looks again. */
export const clockCacheMs = 1000;

export interface MovableClock {
  /** For the process's environment. */
  readonly env: Readonly<Record<string, string>>;
  move(seconds: number): Promise<void>;
}

/** A clock whose offset lies in `directory`. */
export function createClock(directory: string): MovableClock {
  const library = globSync('/usr/lib/*/faketime/libfaketime.so.1')[0];
  if (library === undefined) throw new Error('libfaketime is missing; sh tools/bootstrap.sh test installs it');
  const file = join(directory, 'clock');
  writeOffset(file, 0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: String(clockCacheMs / 1000),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    move: async (seconds) => writeOffset(file, seconds),
  };
}

/** Whole or not at all: a half-read offset would be another one. */
function writeOffset(file: string, seconds: number): void {
  writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  renameSync(`${file}.new`, file);
}
