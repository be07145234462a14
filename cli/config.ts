/**
 * Decides which API server a command asks, and as whom: flag, then environment, then the CalicoAPIConfig file, then the local socket;
 * or that it goes straight to an etcd.
 * Reading the file is I/O, deciding is pure. Source: Calico's calicoctl configuration; `apiEndpoint` and its neighbours are ours.
 */
import { existsSync, readFileSync } from 'node:fs';
import { type Endpoint, parseEndpoint } from './endpoint.ts';
import { cliError, errorText } from './errors.ts';

/** Where to connect, and the files that prove who we are. */
export interface ApiSettings {
  readonly endpoint: Endpoint;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly tokenFile?: string;
  /** No API server is named, but a store: the command goes straight to it. */
  readonly isDirect?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Spec = Readonly<Record<string, unknown>>;

/** Ours: how to reach the API server. */
const apiFields = ['apiEndpoint', 'apiCACertFile', 'apiCertFile', 'apiKeyFile', 'apiTokenFile'] as const;

/** Upstream's fields, accepted so that an existing file is understood. */
const datastoreFields = [
  'datastoreType etcdEndpoints etcdDiscoverySrv etcdUsername etcdPassword etcdKeyFile etcdCertFile etcdCACertFile etcdKey etcdCert etcdCACert',
  'kubeconfig kubeconfigInline k8sAPIEndpoint k8sKeyFile k8sCertFile k8sCAFile k8sAPIToken k8sInsecureSkipTLSVerify k8sDisableNodePoll',
  'usePodCIDR k8sClientQPS k8sClientBurst k8sCurrentContext calicoAPIGroup',
].flatMap((line) => line.split(' '));

/** Settings for a command line that says `--config` and `--api` as given. Throws CLI_CONFIG when they cannot be used. */
export async function readApiSettings(
  env: Environment,
  flags: { readonly config?: string | undefined; readonly api?: string | undefined },
): Promise<ApiSettings> {
  const spec = await readConfigFile(env, flags.config);
  const address =
    flags.api ??
    env.CALICO_API_SOCKET ??
    env.CALICO_API_ENDPOINT ??
    (namesEtcd(env, {}) ? undefined : textOf(spec.apiEndpoint));
  const isDirect = address === undefined && namesEtcd(env, spec);
  if (address === undefined && !isDirect) refuseKubernetes(env, spec);
  const files = {
    caFile: env.CALICO_API_CA_CERT_FILE ?? textOf(spec.apiCACertFile),
    certFile: env.CALICO_API_CERT_FILE ?? textOf(spec.apiCertFile),
    keyFile: env.CALICO_API_KEY_FILE ?? textOf(spec.apiKeyFile),
    tokenFile: env.CALICO_API_TOKEN_FILE ?? textOf(spec.apiTokenFile),
  };
  const given = Object.fromEntries(Object.entries(files).filter(([, file]) => file !== undefined));
  return {
    endpoint: parseEndpoint(address ?? `unix:${env.CALICO_RUN_DIR ?? '/run/calico'}/api.sock`),
    ...given,
    ...(isDirect && { isDirect }),
  };
}

/** The spec of the configuration file; empty when the default file is not there. */
export async function readConfigFile(env: Environment, given: string | undefined): Promise<Spec> {
  if (given === '') throw cliError('CLI_USAGE', '--config may not be empty');
  const path = given ?? `${env.CALICO_CONFIG_DIR ?? '/etc/calico'}/calicoctl.cfg`;
  if (given === undefined && !existsSync(path)) return {};
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw cliError('CLI_CONFIG', `Error reading config file: ${path}: ${errorText(error)}`);
  }
  const { parseDocuments } = await import('./input/documents.ts');
  const documents = await parseDocuments(text, path);
  if (documents.length !== 1) throw cliError('CLI_CONFIG', `${path}: expected one document of kind CalicoAPIConfig`);
  return checkConfig(documents[0]?.value, path);
}

/** Strict: a key that is not known is an error, as a misspelt one would silently choose another server. */
function checkConfig(value: unknown, path: string): Spec {
  const config = recordOf(value, `${path}: the file`);
  if (config.kind !== 'CalicoAPIConfig' || config.apiVersion !== 'projectcalico.org/v3') {
    throw cliError('CLI_CONFIG', `${path}: expected apiVersion projectcalico.org/v3 and kind CalicoAPIConfig`);
  }
  checkKeys(config, ['apiVersion', 'kind', 'metadata', 'spec'], path);
  const spec = recordOf(config.spec ?? {}, `${path}: spec`);
  checkKeys(spec, [...apiFields, ...datastoreFields], path);
  for (const field of apiFields) {
    if (spec[field] !== undefined && typeof spec[field] !== 'string') {
      throw cliError('CLI_CONFIG', `${path}: spec.${field} must be a string`);
    }
  }
  return spec;
}

function checkKeys(value: Spec, known: readonly string[], path: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw cliError('CLI_CONFIG', `${path}: field in document is not recognized or is in the wrong location: ${unknown}`);
}

function recordOf(value: unknown, what: string): Spec {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Spec;
  throw cliError('CLI_CONFIG', `${what} must be a map`);
}

/** Whether environment or file say that the store is an etcd, and name no API server. */
function namesEtcd(env: Environment, spec: Spec): boolean {
  const type = datastoreType(env, spec);
  if (type !== undefined) return type === 'etcdv3';
  return (
    ['etcdEndpoints', 'etcdDiscoverySrv'].some((field) => spec[field] !== undefined) ||
    ['ETCD_ENDPOINTS', 'ETCD_DISCOVERY_SRV'].some((name) => textOf(env[`CALICO_${name}`] ?? env[name]) !== undefined)
  );
}

function datastoreType(env: Environment, spec: Spec): string | undefined {
  return textOf(env.CALICO_DATASTORE_TYPE) ?? textOf(env.DATASTORE_TYPE) ?? textOf(spec.datastoreType);
}

/** Kubernetes' own API server keeps the resources there; saying so beats asking the wrong server. */
function refuseKubernetes(env: Environment, spec: Spec): void {
  const isKubernetes =
    datastoreType(env, spec) === 'kubernetes' ||
    ['kubeconfig', 'k8sAPIEndpoint'].some((field) => spec[field] !== undefined);
  if (!isKubernetes) return;
  throw cliError(
    'CLI_CONFIG',
    'the datastore is of type kubernetes, which this command does not speak: ' +
      'name the API server with --api, CALICO_API_SOCKET or spec.apiEndpoint of the configuration file, or an etcd with ETCD_ENDPOINTS',
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
