/**
 * What the host's own sysctls were before the agent set them, so that leaving can put them back. One small file in the run directory, written
 * before the first change; it goes with a boot of the host, which sets the sysctls anew as their owner wishes. I/O.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Kernel } from '../../kernel/kernel.ts';
import { isRecord } from '../../lib/is-record.ts';

type Sysctls = Pick<Kernel, 'readSysctl' | 'writeSysctl'>;

/** Path below /proc/sys -> value. */
type SysctlRecord = Readonly<Record<string, string>>;

/** Everything the agent sets for the whole host. */
const hostPaths = [
  'net/ipv4/ip_forward',
  'net/ipv6/conf/all/forwarding',
  'net/ipv4/conf/all/src_valid_mark',
  'net/netfilter/nf_conntrack_acct',
];

/** Notes the values, unless they are noted. */
export function recordSysctls(kernel: Sysctls, file: string): void {
  if (readRecord(file) !== undefined) return;
  const values: Record<string, string> = {};
  for (const path of hostPaths) {
    const value = kernel.readSysctl(path);
    if (value !== undefined) values[path] = value;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(values), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Puts back what was there, and forgets it. */
export function restoreSysctls(kernel: Sysctls, file: string): void {
  const record = readRecord(file) ?? {};
  for (const path of hostPaths) {
    const before = record[path];
    if (before !== undefined && kernel.readSysctl(path) !== before) kernel.writeSysctl(path, before);
  }
  rmSync(file, { force: true });
}

/** Undefined when there is none, or none that can be understood. */
function readRecord(file: string): SysctlRecord | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const isWhole = isRecord(found) && Object.values(found).every((value) => typeof value === 'string');
    return isWhole ? (found as SysctlRecord) : undefined;
  } catch {
    // absent or cut short: the same to a reader
    return undefined;
  }
}
