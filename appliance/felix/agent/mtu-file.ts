/** Leaves the largest packet of workloads where a CNI plugin reads it. I/O. Source: felix, interface management (MTU). */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../lib/log.ts';

/** Writes `mtu` in the data directory, whole or not at all; undefined when done, else the reason. */
export function writeMtuFile(dataDir: string, mtuBytes: number, log: Logger): string | undefined {
  const file = join(dataDir, 'mtu');
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(`${file}.new`, String(mtuBytes), { mode: 0o644 });
    renameSync(`${file}.new`, file);
    return undefined;
  } catch (error) {
    const problem = (error as Error).message;
    log.warn({ file, problem }, 'the MTU of workloads cannot be written');
    return problem;
  }
}
