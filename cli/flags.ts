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
  { flags: '--context <name>', description: 'kubeconfig context; refused, as the API server is asked instead' },
  {
    flags: '--allow-version-mismatch',
    description: 'go on although client and cluster run different releases',
  },
];

/** How to find the API server. */
export const connectionFlags: readonly Flag[] = [
  { flags: '-c, --config <path>', description: 'file of kind CalicoAPIConfig (default: /etc/calico/calicoctl.cfg)' },
  { flags: '--api <address>', description: 'API server: unix:/path, http://127.0.0.1:PORT or https://HOST:PORT' },
];

export const namespaceFlag: Flag = {
  flags: '-n, --namespace <namespace>',
  description: 'namespace of the resources (default: default)',
};

/** How to name manifests. */
export const fileFlags: readonly Flag[] = [
  {
    flags: '-f, --filename <path>',
    description: 'file or directory of manifests, - for stdin; may be repeated',
    isRepeatable: true,
  },
  { flags: '-R, --recursive', description: 'descend into sub-directories' },
  { flags: '--skip-empty', description: 'no error for files and directories without resources' },
];

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

/** The values of a flag that may be repeated. */
export function listFlag(values: FlagValues, name: string): readonly string[] {
  const value = values[name];
  if (Array.isArray(value)) return value as readonly string[];
  return typeof value === 'string' ? [value] : [];
}

/** Refuses what cannot be honoured, rather than ignore it. */
export function checkGlobalFlags(values: FlagValues): void {
  if (values.context !== undefined) {
    throw usageError('--context selects a kubeconfig context; calicoctl asks the API server (see --api) instead');
  }
}
