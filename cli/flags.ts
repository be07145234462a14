/** Flags that several commands share, and typed access to their values. Pure. */
import type { Flag, FlagValues } from './command.ts';
import { usageError } from './errors.ts';

const logLevels = ['panic', 'fatal', 'error', 'warn', 'info', 'debug'] as const;

/** Accepted by every command, before or after its name. */
export const globalFlags: readonly Flag[] = [
  {
    flags: '-l, --log-level <level>',
    description: 'at debug, each request is logged on stderr',
    choices: logLevels,
  },
  { flags: '--context <name>', description: 'named context of the configuration; see calicoctl config get-contexts' },
  {
    flags: '--allow-version-mismatch',
    description: 'go on, and say nothing, although client and cluster run different releases',
  },
];

/** How to find the API server. */
export const connectionFlags: readonly Flag[] = [
  {
    flags: '-c, --config <path>',
    description: 'file of kind CalicoAPIConfig (default: ~/.config/calico/calicoctl.cfg, /etc/calico/calicoctl.cfg)',
  },
  { flags: '--api <address>', description: 'API server: unix:/path, http://127.0.0.1:PORT or https://HOST:PORT' },
];

export const namespaceFlag: Flag = {
  flags: '-n, --namespace <namespace>',
  description: 'namespace of the resources (default: default)',
};

/** Kubernetes label selectors. After the name of a command that takes it, `-l` is this one and not the log level. */
export const selectorFlag: Flag = {
  flags: '-l, --selector <selector>',
  description: "only resources with these labels: 'app=web,tier!=db', 'zone in (a,b)', '!legacy'",
};

export const fieldSelectorFlag: Flag = {
  flags: '--field-selector <selector>',
  description: "only resources with these fields: 'metadata.name=web', 'spec.tier=ops'",
};

export const dryRunFlag: Flag = {
  flags: '--dry-run <mode>',
  description: 'write nothing: client looks what would be sent, server has it checked as if it were written',
  choices: ['none', 'client', 'server'],
};

/** For commands that write: upstream's sentences stay, and what is asked for comes after or in their place. */
export const resultFlags: readonly Flag[] = [
  { flags: '-v, --verbose', description: 'a line for each resource: created, configured, unchanged, ...' },
  {
    flags: '-o, --output <format>',
    description: 'the resources as they are now: yaml, json or name; errors as JSON with json',
  },
];

/** How a write is to be done. */
export function dryRunOf(values: FlagValues): { readonly isDryRun: boolean; readonly isClientOnly: boolean } {
  const mode = textFlag(values, 'dryRun') ?? 'none';
  return { isDryRun: mode === 'server', isClientOnly: mode === 'client' };
}

/** What narrows a list, as the client takes it. */
export function listChoiceOf(values: FlagValues) {
  return { labelSelector: textFlag(values, 'selector'), fieldSelector: textFlag(values, 'fieldSelector') };
}

/** A whole number that is not negative. Throws CLI_USAGE for anything else. */
export function countFlag(values: FlagValues, name: string, flag: string): number | undefined {
  const text = textFlag(values, name);
  if (text === undefined || /^\d{1,9}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw usageError(`${flag}: '${text}' is not a count`);
}

/** How to name manifests. */
export const fileFlags: readonly Flag[] = [
  {
    flags: '-f, --filename <path>',
    description: 'file or directory of manifests, URL, or - for stdin; may be repeated',
    isRepeatable: true,
  },
  { flags: '-R, --recursive', description: 'descend into sub-directories' },
  { flags: '--skip-empty', description: 'no error for files and directories without resources' },
];

/** True for `-f`, false for words; throws CLI_USAGE for neither and for both. */
export function isByFile(command: string, positionals: readonly string[], flags: FlagValues): boolean {
  const isFile = listFlag(flags, 'filename').length > 0;
  if (isFile && positionals.length > 0)
    throw usageError(`give either KIND and NAME or --filename to ${command}, not both`);
  if (!isFile && positionals.length === 0) {
    throw usageError(`usage: calicoctl ${command} (KIND [NAME...] | -f PATH)\nSee 'calicoctl ${command} --help'.`);
  }
  return isFile;
}

/** `-f *.yaml` reaches us as one file behind -f and the others behind it as words: all of them are files. */
export function withFiles(values: FlagValues, positionals: readonly string[]): FlagValues {
  const files = listFlag(values, 'filename');
  if (positionals.length === 0) return values;
  if (files.length === 0) throw usageError(`'${positionals[0]}': files are named with --filename (-f)`);
  return { ...values, filename: [...files, ...positionals] };
}

/** A revision of the store, as `resourceVersion` shows it. Throws CLI_USAGE for anything else. */
export function revisionFlag(values: FlagValues, name: string, flag: string): string | undefined {
  const text = textFlag(values, name);
  if (text === undefined || /^[1-9]\d{0,14}$/.test(text)) return text;
  throw usageError(`${flag}: '${text}' is not a revision; see the REVISION column of calicoctl history`);
}

/** The value of a flag that takes text; undefined when it was not given. */
export function textFlag(values: FlagValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** True when a switch was given. */
export function isSet(values: FlagValues, name: string): boolean {
  return values[name] === true;
}

/** The parser takes `--no-headers` for the opposite of `--headers`. */
export function hasNoHeaders(values: FlagValues): boolean {
  return values.headers === false;
}

/** The values of a flag that may be repeated. */
export function listFlag(values: FlagValues, name: string): readonly string[] {
  const value = values[name];
  if (Array.isArray(value)) return value as readonly string[];
  return typeof value === 'string' ? [value] : [];
}
