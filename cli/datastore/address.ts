/**
 * Decides which store a `datastore` command opens, and as whom: flag, then environment, then the CalicoAPIConfig file, then the local
 * appliance's own face. Reading files is I/O, deciding is pure. Source: Calico's calicoctl configuration of etcd.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withScheme } from '#appliance/datastore/etcd/endpoint.ts';
import type { OpenStoreOptions } from '#appliance/datastore/registry.ts';
import type { FlagValues } from '../command.ts';
import { readConfigFile } from '../config.ts';
import type { CliContext } from '../context.ts';
import { cliError, usageError } from '../errors.ts';
import { textFlag } from '../flags.ts';

type Target = Omit<OpenStoreOptions, 'log'>;
type Spec = Readonly<Record<string, unknown>>;

/** What to open. Throws CLI_CONFIG or CLI_USAGE when that cannot be told. */
export async function findStore(context: CliContext, flags: FlagValues): Promise<Target> {
  const directory = dataDirectory(flags);
  if (directory !== undefined) return { address: `level:${directory}` };
  const spec = await readConfigFile(context.env, textFlag(flags, 'config'));
  const setting = (name: string, field: string) =>
    textOf(context.env[`CALICO_${name}`]) ?? textOf(context.env[name]) ?? textOf(spec[field]);
  const tls = readTls(setting, spec);
  const isSecure = Object.keys(tls).length > 0;
  const address = textFlag(flags, 'datastore') ?? etcdAddress(setting, isSecure);
  if (address === undefined) {
    refuseKubernetes(context, spec);
    return { address: `unix:${join(textOf(context.env.CALICO_RUN_DIR) ?? '/run/calico', 'etcd.sock')}` };
  }
  const username = setting('ETCD_USERNAME', 'etcdUsername');
  const password = setting('ETCD_PASSWORD', 'etcdPassword');
  return {
    address,
    ...(username !== undefined && password !== undefined ? { username, password } : {}),
    ...(isSecure ? { tls } : {}),
  };
}

type Setting = (name: string, field: string) => string | undefined;

/** The servers, or the domain whose DNS names them; undefined when neither is set. */
function etcdAddress(setting: Setting, isSecure: boolean): string | undefined {
  const endpoints = setting('ETCD_ENDPOINTS', 'etcdEndpoints');
  const domain = setting('ETCD_DISCOVERY_SRV', 'etcdDiscoverySrv');
  if (endpoints !== undefined && domain !== undefined)
    throw cliError('CLI_CONFIG', 'etcdEndpoints and etcdDiscoverySrv exclude each other');
  if (domain !== undefined) return `srv:${domain}`;
  return endpoints
    ?.split(',')
    .map((endpoint) => withScheme(endpoint.trim(), isSecure))
    .join(',');
}

/** The database that `--data-dir` means: that of a server whose CALICO_DATA_DIR it is. Undefined without the flag. */
export function dataDirectory(flags: FlagValues): string | undefined {
  const given = textFlag(flags, 'dataDir');
  if (given === undefined) return undefined;
  if (textFlag(flags, 'datastore') !== undefined) throw usageError('--data-dir and --datastore exclude each other');
  return join(given, 'store');
}

/** The directory of a database on this machine that no server has open, however it was named. */
export function localDirectory(target: Target): string | undefined {
  return target.address.startsWith('level:') ? target.address.slice('level:'.length) : undefined;
}

function readTls(setting: Setting, spec: Spec) {
  const ca = pem(setting('ETCD_CA_CERT_FILE', 'etcdCACertFile'), spec, 'etcdCACert');
  const cert = pem(setting('ETCD_CERT_FILE', 'etcdCertFile'), spec, 'etcdCert');
  const key = pem(setting('ETCD_KEY_FILE', 'etcdKeyFile'), spec, 'etcdKey');
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key && { key }) };
}

/** From the file that is named, or as it stands in the configuration. */
function pem(path: string | undefined, spec: Spec, field: string): Buffer | undefined {
  const inline = textOf(spec[field]);
  if (path === undefined) return inline === undefined ? undefined : Buffer.from(inline);
  if (inline !== undefined) throw cliError('CLI_CONFIG', `${field} and ${field}File exclude each other`);
  try {
    return readFileSync(path);
  } catch (error) {
    throw cliError('CLI_CONFIG', `${field}File: ${(error as Error).message}`);
  }
}

function refuseKubernetes(context: CliContext, spec: Spec): void {
  const type = textOf(context.env.CALICO_DATASTORE_TYPE) ?? textOf(context.env.DATASTORE_TYPE) ?? spec.datastoreType;
  if (type !== 'kubernetes') return;
  throw cliError('CLI_CONFIG', 'the datastore is of type kubernetes, whose own tools back it up and tend it');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
