/**
 * Bootstrap settings of the daemons: the environment first, then `calico.env` in the configuration directory, then defaults.
 * `readSettings()` is pure; `loadSettings()` reads the file. Names are upstream's where upstream has one.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { type ApiSettings, readApiSettings } from './api-settings.ts';
import type { Problem, Result } from './lib/problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a server listens. */
export type Listen =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'http' | 'https'; readonly host: string; readonly port: number };

/** How an outside etcd is reached. Empty text means not given. */
export interface EtcdSettings {
  readonly endpoints: readonly string[];
  /** A domain whose DNS names the endpoints. */
  readonly discoverySrv: string;
  readonly username: string;
  readonly password: string;
  readonly caCertFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Files of a TLS listener; clients must show a certificate signed by `caFile`. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** How much of the past the embedded store keeps by itself: this many revisions at least, and everything that is younger than this. */
export interface HistorySettings {
  readonly revisions: number;
  readonly ageMs: number;
}

export interface Settings {
  readonly datastoreType: 'embedded' | 'etcdv3' | 'kubernetes';
  readonly configDir: string;
  readonly dataDir: string;
  readonly history: HistorySettings;
  readonly runDir: string;
  readonly apiListen: readonly Listen[];
  /** As written: the etcd face takes the same forms. */
  readonly etcdListen: readonly string[];
  readonly apiTls: TlsFiles;
  /** Limits, tokens, joining hosts, stopping. */
  readonly api: ApiSettings;
  readonly etcdTls: TlsFiles;
  readonly etcd: EtcdSettings;
  readonly nodename: string;
  readonly logLevel: string;
  /** Everything that was given, by the environment or the file: the agent's own parameters are among it. */
  readonly environment: Environment;
}

/** Reads the settings of this process, `calico.env` included. */
export function loadSettings(environment: Environment): Result<Settings> {
  const path = join(environment.CALICO_CONFIG_DIR ?? '/etc/calico', 'calico.env');
  try {
    return readSettings(environment, readFileSync(path, 'utf8'), hostname());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return readSettings(environment, '', hostname());
    return { ok: false, problems: [{ path: 'CALICO_CONFIG_DIR', message: `${path}: ${(error as Error).message}` }] };
  }
}

/** Settings from the environment and the text of `calico.env`; every problem names its variable. */
export function readSettings(environment: Environment, file: string, host: string): Result<Settings> {
  const values: Environment = { ...parseEnv(file), ...withoutEmpty(environment) };
  const problems: Problem[] = [];
  const configDir = values.CALICO_CONFIG_DIR ?? '/etc/calico';
  const runDir = values.CALICO_RUN_DIR ?? '/run/calico';
  const dataDir = values.CALICO_DATA_DIR ?? '/var/lib/calico';
  const listen = (name: string, socket: string) =>
    readListeners(name, values[name] ?? `unix:${join(runDir, socket)}`, problems);
  const settings: Settings = {
    datastoreType: readChoice(values, 'DATASTORE_TYPE', ['embedded', 'etcdv3', 'kubernetes'], problems),
    configDir,
    dataDir,
    history: readHistory(values, problems),
    runDir,
    apiListen: listen('CALICO_API_LISTEN', 'api.sock').map(({ listen }) => listen),
    etcdListen: listen('CALICO_ETCD_LISTEN', 'etcd.sock').map(({ text }) => text),
    apiTls: readTls(values, 'CALICO_API', configDir, 'api'),
    api: readApiSettings(values, { configDir, dataDir }, problems),
    etcdTls: readTls(values, 'CALICO_ETCD', configDir, 'etcd'),
    etcd: readEtcd(values),
    nodename: values.NODENAME ?? (values.HOSTNAME ?? host).toLowerCase(),
    logLevel: readChoice(values, 'CALICO_LOG_LEVEL', ['info', 'error', 'warn', 'debug', 'trace', 'silent'], problems),
    environment: values,
  };
  checkEtcd(settings, problems);
  return problems.length === 0 ? { ok: true, value: settings } : { ok: false, problems };
}

/** An exported but empty variable counts as not given, as upstream has it. */
function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
}

/** One of `choices`; the first is the default. */
function readChoice<const T extends string>(
  values: Environment,
  name: string,
  choices: readonly [T, ...T[]],
  problems: Problem[],
): T {
  const text = values[name] ?? choices[0];
  const found = choices.find((choice) => choice === text.toLowerCase());
  if (found === undefined) problems.push({ path: name, message: `must be one of ${choices.join(', ')}`, value: text });
  return found ?? choices[0];
}

const historyRevisions = { least: 100, most: 10_000_000, byDefault: '10000' };
const historyAgeMs = { least: 1000, most: 366 * 86_400_000, byDefault: '10m' };
const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function readHistory(values: Environment, problems: Problem[]): HistorySettings {
  const countText = values.CALICO_HISTORY_REVISIONS ?? historyRevisions.byDefault;
  const revisions = /^\d{1,9}$/.test(countText) ? Number(countText) : Number.NaN;
  if (!(revisions >= historyRevisions.least && revisions <= historyRevisions.most)) {
    const message = `must be a whole number from ${historyRevisions.least} to ${historyRevisions.most}`;
    problems.push({ path: 'CALICO_HISTORY_REVISIONS', message, value: countText });
  }
  const ageText = values.CALICO_HISTORY_AGE ?? historyAgeMs.byDefault;
  const [, number, unit] = /^(\d{1,8})([smhd])$/.exec(ageText) ?? [];
  const ageMs = Number(number) * (unitMs[unit ?? ''] ?? Number.NaN);
  if (!(ageMs >= historyAgeMs.least && ageMs <= historyAgeMs.most)) {
    const message = 'must be a number with a unit (s, m, h, d), from 1s to 366d';
    problems.push({ path: 'CALICO_HISTORY_AGE', message, value: ageText });
  }
  return { revisions, ageMs };
}

function readListeners(name: string, list: string, problems: Problem[]) {
  return splitList(list).flatMap((text) => {
    const listen = parseListen(text);
    if (typeof listen !== 'string') return [{ text, listen }];
    problems.push({ path: name, message: listen, value: text });
    return [];
  });
}

function splitList(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

/** `unix:/path`, `http://127.0.0.1:8080` or `https://[::]:5443`; a message when it is none of them. */
function parseListen(text: string): Listen | string {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
    if (!path.startsWith('/')) return 'a socket needs an absolute path: unix:/run/calico/api.sock';
    return Buffer.byteLength(path) <= socketPathMaxBytes ? { type: 'unix', path } : 'the socket path is over 107 bytes';
  }
  const match = /^(https?):\/\/(\[[0-9a-fA-F:.]+\]|[^[\]:/]+):(\d{1,5})\/?$/.exec(text);
  if (match === null) return 'must be unix:/path, http://ADDRESS:PORT or https://ADDRESS:PORT';
  const port = Number(match[3]);
  if (port > 65535) return 'the port is over 65535';
  const host = match[2]!.replace(/^\[|\]$/g, '');
  if (match[1] === 'https') return { type: 'https', host, port };
  return isLoopback(host) ? { type: 'http', host, port } : 'plain http is for loopback only; use https';
}

/** `sun_path` of unix(7) less its terminating zero. */
const socketPathMaxBytes = 107;

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function readTls(values: Environment, prefix: string, configDir: string, stem: string): TlsFiles {
  return {
    certFile: values[`${prefix}_TLS_CERT_FILE`] ?? join(configDir, `${stem}.crt`),
    keyFile: values[`${prefix}_TLS_KEY_FILE`] ?? join(configDir, `${stem}.key`),
    caFile: values[`${prefix}_TLS_CA_FILE`] ?? join(configDir, 'ca.crt'),
  };
}

function readEtcd(values: Environment): EtcdSettings {
  const get = (name: string) => values[`CALICO_${name}`] ?? values[name] ?? '';
  return {
    endpoints: splitList(get('ETCD_ENDPOINTS')),
    discoverySrv: get('ETCD_DISCOVERY_SRV'),
    username: get('ETCD_USERNAME'),
    password: get('ETCD_PASSWORD'),
    caCertFile: get('ETCD_CA_CERT_FILE'),
    certFile: get('ETCD_CERT_FILE'),
    keyFile: get('ETCD_KEY_FILE'),
  };
}

function checkEtcd(settings: Settings, problems: Problem[]): void {
  const { endpoints, discoverySrv, username, password, certFile, keyFile } = settings.etcd;
  if (
    settings.datastoreType === 'etcdv3' &&
    endpoints.length === 0 &&
    discoverySrv === '' &&
    !hasFelixEndpoints(settings)
  )
    problems.push({
      path: 'ETCD_ENDPOINTS',
      message: 'must be given when DATASTORE_TYPE is etcdv3, or ETCD_DISCOVERY_SRV',
    });
  if (endpoints.length > 0 && discoverySrv !== '')
    problems.push({ path: 'ETCD_DISCOVERY_SRV', message: 'must not be given together with ETCD_ENDPOINTS' });
  for (const endpoint of endpoints) {
    const message = endpointProblem(endpoint);
    if (message !== undefined) problems.push({ path: 'ETCD_ENDPOINTS', message, value: endpoint });
  }
  if ((username === '') !== (password === ''))
    problems.push({ path: 'ETCD_USERNAME', message: 'must be given together with ETCD_PASSWORD' });
  if ((certFile === '') !== (keyFile === ''))
    problems.push({ path: 'ETCD_CERT_FILE', message: 'must be given together with ETCD_KEY_FILE' });
}

/** The agent takes them by Felix's own names as well. */
function hasFelixEndpoints({ environment }: Settings): boolean {
  return Object.keys(environment).some((name) => /^felix_etcd(endpoints|addr)$/i.test(name));
}

function endpointProblem(endpoint: string): string | undefined {
  if (endpoint.startsWith('unix:')) return undefined;
  return /^(https?:\/\/)?(\[[0-9a-fA-F:.]+\]|[^[\]:/]+):\d{1,5}\/?$/.test(endpoint)
    ? undefined
    : 'must be http://HOST:PORT, https://HOST:PORT or unix:/path';
}
