/** The files of certificates and keys, and the flags that name them. Never writes over a file: a lost key cannot be had again. I/O. */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { KeyPair } from '#appliance/pki/authority.ts';
import type { FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { cliError, errorText, usageError } from '../../errors.ts';
import { textFlag } from '../../flags.ts';

/** Where the authority is kept. */
export function authorityDirectory(context: CliContext, flags: FlagValues): string {
  return textFlag(flags, 'dir') ?? context.env.CALICO_CONFIG_DIR ?? '/etc/calico';
}

/** A name that can stand in a certificate and in a file's name. Throws CLI_USAGE. */
export function checkName(name: string, what: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/.test(name)) return name;
  throw usageError(`${what}: '${name}' is not 1 to 63 letters, digits, dots, dashes and underscores`);
}

const daysMax = 36_500;

/** The value of `--days`. Throws CLI_USAGE. */
export function daysOf(flags: FlagValues): number {
  const text = textFlag(flags, 'days') ?? '';
  const days = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (days > 0 && days <= daysMax) return days;
  throw usageError(`--days: '${text}' is not a count of days between 1 and ${daysMax}`);
}

/** Writes `stem`.key (for its owner alone, or its directory's group) and `stem`.crt, both or neither, and says so. Throws CLI_EXISTS, CLI_FAILED. */
export async function writeKeyPair(context: CliContext, stem: string, pair: KeyPair): Promise<void> {
  const { endOf } = await import('#appliance/pki/authority.ts');
  mkdirSync(dirname(stem), { recursive: true });
  writeNew(`${stem}.key`, pair.key, 0o600, groupOf(dirname(stem)));
  try {
    writeNew(`${stem}.crt`, pair.certificate, 0o644);
  } catch (error) {
    rmSync(`${stem}.key`);
    throw error;
  }
  const end = endOf(pair.certificate).toISOString().slice(0, 10);
  context.out(`Wrote ${stem}.crt (good until ${end}) and ${stem}.key\n`);
}

/** The group that a directory is kept for: on an installed host that of the API server, which signs with the key and runs as nobody's root. */
function groupOf(directory: string): number | undefined {
  const { mode, gid } = statSync(directory);
  const isForGroupOnly = (mode & 0o050) === 0o050 && (mode & 0o007) === 0;
  return isForGroupOnly && gid !== 0 ? gid : undefined;
}

/** For `group` to read too, when one is given. */
function writeNew(path: string, text: string, mode: number, group?: number): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx', mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cliError('CLI_FAILED', errorText(error));
    throw cliError('CLI_EXISTS', `${path} exists; move it away first`);
  }
  try {
    if (group !== undefined) {
      fchownSync(descriptor, -1, group);
      fchmodSync(descriptor, mode | 0o040);
    }
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
