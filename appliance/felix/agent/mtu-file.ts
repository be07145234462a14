/** Leaves the largest packet of workloads where a CNI plugin reads it, and tries again while it cannot. I/O. Source: felix, interface management (MTU). */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../lib/log.ts';

export interface MtuFile {
  /** Why the file does not say what it is to say. */
  readonly problem: string | undefined;
  set(mtuBytes: number): void;
  close(): void;
}

const retryMs = 5_000;

/** Keeps `mtu` in the data directory, written whole or not at all; without a directory it keeps nothing. */
export function createMtuFile(dataDir: string | undefined, log: Logger): MtuFile {
  let problem: string | undefined;
  let retry: NodeJS.Timeout | undefined;
  return {
    get problem() {
      return problem;
    },
    set: (mtuBytes) => void (dataDir === undefined || write(dataDir, mtuBytes)),
    close: () => clearTimeout(retry),
  };

  function write(directory: string, mtuBytes: number): void {
    clearTimeout(retry);
    const file = join(directory, 'mtu');
    const before = problem;
    problem = tryWrite(directory, file, mtuBytes);
    if (problem === undefined) return;
    if (problem !== before) log.warn({ file, problem }, 'the MTU of workloads cannot be written');
    retry = setTimeout(() => write(directory, mtuBytes), retryMs).unref();
  }
}

function tryWrite(directory: string, file: string, mtuBytes: number): string | undefined {
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${file}.new`, String(mtuBytes), { mode: 0o644 });
    renameSync(`${file}.new`, file);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
