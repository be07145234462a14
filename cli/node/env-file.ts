/** `calico.env` of this host: read, changed by a plan that can be shown, written with the owner and mode it has. I/O. */
import { chownSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { mergeEnv } from '#appliance/enrolment/env-lines.ts';
import { writeFiles } from '#appliance/enrolment/write-files.ts';
import { usageError } from '../errors.ts';

export interface EnvFile {
  readonly path: string;
  readonly directory: string;
  /** Empty when there is none. */
  readonly text: string;
}

export interface EnvPlan extends EnvFile {
  /** Lines for people: `+ NAME=value` for what comes, `- NAME=value` for what it replaces. */
  readonly changes: readonly string[];
  /** Names that have another value. */
  readonly replaced: readonly string[];
}

/** What `systemd` and we read alike without quotes. */
const plainValue = /^[^\s"'`\\$#]+$/;

export function readEnvFile(directory: string): EnvFile {
  const path = join(directory, 'calico.env');
  return { path, directory, text: existsSync(path) ? readFileSync(path, 'utf8') : '' };
}

/** The file as it will be. Throws CLI_USAGE naming a setting whose value cannot stand in it. */
export function planEnv(file: EnvFile, settings: Readonly<Record<string, string>>): EnvPlan {
  for (const [name, value] of Object.entries(settings))
    if (!plainValue.test(value))
      throw usageError(`${name}: '${value}' must be one word without quotes, backslashes, $ and #`);
  const present = parseEnv(file.text);
  const { text, replaced } = mergeEnv(file.text, settings);
  const changes = Object.entries(settings).flatMap(([name, value]) => {
    if (present[name] === value) return [];
    return [...(replaced.includes(name) ? [`- ${name}=${present[name]}`] : []), `+ ${name}=${value}`];
  });
  return { ...file, text: changes.length === 0 ? file.text : text, changes, replaced };
}

/** New files belong to the group of their directory, whose members may read them. */
export function writeEnvFile({ path, directory, text }: EnvPlan): void {
  mkdirSync(directory, { recursive: true });
  const { uid, gid, mode } = existsSync(path) ? statSync(path) : { ...statSync(directory), mode: 0o640 };
  writeFiles([{ path, text, mode: mode & 0o777 }]);
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}
