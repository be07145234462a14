/**
 * Decides which API server a command asks, and as whom: flag, environment, context, the CalicoAPIConfig files, then the local socket;
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
  /** The same, given in place of files. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Spec = Readonly<Record<string, unknown>>;

/** Ours: how to reach the API server, and what proves who asks; a file or the text itself. */
export const apiFields = [
  'apiEndpoint',
  'apiCACertFile',
  'apiCertFile',
  'apiKeyFile',
  'apiTokenFile',
  'apiCACert',
  'apiCert',
  'apiKey',
  'apiToken',
] as const;
export type ApiField = (typeof apiFields)[number];

/** Values of one place where settings are written. */
export interface ConfigLayer {
  /** Where it stands, for people. */
  readonly source: string;
  readonly values: Readonly<Partial<Record<ApiField, string>>>;
  /** A context is one thing: what proves who asks goes only to the server that stands beside it. */
  readonly isUnit: boolean;
  /** It names no API server, but an etcd. */
  readonly isDirect?: boolean;
}

const environmentNames: Readonly<Record<Exclude<ApiField, 'apiCACert' | 'apiCert' | 'apiKey'>, string>> = {
  apiEndpoint: 'CALICO_API_ENDPOINT',
  apiCACertFile: 'CALICO_API_CA_CERT_FILE',
  apiCertFile: 'CALICO_API_CERT_FILE',
  apiKeyFile: 'CALICO_API_KEY_FILE',
  apiTokenFile: 'CALICO_API_TOKEN_FILE',
  apiToken: 'CALICO_API_TOKEN',
};

/** Upstream's fields, accepted so that an existing file is understood. */
const datastoreFields = [
  'datastoreType etcdEndpoints etcdDiscoverySrv etcdUsername etcdPassword etcdKeyFile etcdCertFile etcdCACertFile etcdKey etcdCert etcdCACert',
  'kubeconfig kubeconfigInline k8sAPIEndpoint k8sKeyFile k8sCertFile k8sCAFile k8sAPIToken k8sInsecureSkipTLSVerify k8sDisableNodePoll',
  'usePodCIDR k8sClientQPS k8sClientBurst k8sCurrentContext calicoAPIGroup',
].flatMap((line) => line.split(' '));

/** What the command line says of configuration. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly api?: string | undefined;
  readonly context?: string | undefined;
}

/** Settings for a command line that says `--config`, `--api` and `--context` as given. Throws CLI_CONFIG when they cannot be used. */
export async function readApiSettings(env: Environment, flags: ConfigFlags): Promise<ApiSettings> {
  const layers = await readLayers(env, flags);
  const settings = settingsOf(chooseValues(layers));
  return directSource(layers) === undefined ? settings : { ...settings, isDirect: true };
}

/** The place that names an etcd before any names an API server. */
export function directSource(layers: readonly ConfigLayer[]): string | undefined {
  const first = layers.find(({ values, isDirect }) => values.apiEndpoint !== undefined || isDirect === true);
  return first?.isDirect === true ? first.source : undefined;
}

/** A field's value and the place it was taken from. */
export interface ChosenValue {
  readonly value: string;
  readonly source: string;
}

/** The highest layer with an address decides where to go; who asks is said by that context alone, or by all places that are none. */
export function chooseValues(layers: readonly ConfigLayer[]): Partial<Record<ApiField, ChosenValue>> {
  const home = layers.find(({ values }) => values.apiEndpoint !== undefined);
  const usable = layers.filter((layer) => (home?.isUnit === true ? layer === home : !layer.isUnit));
  const chosen: Partial<Record<ApiField, ChosenValue>> = {};
  if (home !== undefined) chosen.apiEndpoint = { value: home.values.apiEndpoint!, source: home.source };
  for (const text of ['apiCACert', 'apiCert', 'apiKey', 'apiToken'] as const) {
    const fields = [`${text}File`, text] as const;
    const layer = usable.find(({ values }) => fields.some((field) => values[field] !== undefined));
    if (layer === undefined) continue;
    const field = layer.values[text] === undefined ? fields[0] : text;
    chosen[field] = { value: layer.values[field]!, source: layer.source };
  }
  return chosen;
}

function settingsOf(chosen: Partial<Record<ApiField, ChosenValue>>): ApiSettings {
  const given = Object.entries({
    caFile: chosen.apiCACertFile,
    certFile: chosen.apiCertFile,
    keyFile: chosen.apiKeyFile,
    tokenFile: chosen.apiTokenFile,
    ca: chosen.apiCACert,
    cert: chosen.apiCert,
    key: chosen.apiKey,
    token: chosen.apiToken,
  }).flatMap(([name, found]) => (found === undefined ? [] : [[name, found.value]]));
  return { endpoint: parseEndpoint(chosen.apiEndpoint!.value), ...Object.fromEntries(given) };
}

/** All places where settings may stand, highest first; the last one always has an address. */
export async function readLayers(env: Environment, flags: ConfigFlags): Promise<ConfigLayer[]> {
  const files = await readConfigFiles(env, flags.config);
  const wanted = env.CALICO_CONTEXT ?? currentContextOf(files);
  const layers: ConfigLayer[] = [
    { source: '--api', values: given({ apiEndpoint: flags.api }), isUnit: false },
    ...(flags.context === undefined ? [] : [contextLayer(files, flags.context)]),
    environmentLayer(env),
    ...(flags.context !== undefined || wanted === undefined ? [] : [contextLayer(files, wanted)]),
    ...files.map((file) => fileLayer(env, file, flags.config)),
  ];
  if (!layers.some(({ values, isDirect }) => values.apiEndpoint !== undefined || isDirect === true)) {
    for (const { spec } of [...files, { spec: {} }]) refuseKubernetes(env, spec);
  }
  const local = `unix:${env.CALICO_RUN_DIR ?? '/run/calico'}/api.sock`;
  return [...layers, { source: 'default', values: { apiEndpoint: local }, isUnit: false }];
}

function environmentLayer(env: Environment): ConfigLayer {
  const values = Object.entries(environmentNames).map(([field, name]) => [field, env[name]]);
  const { apiEndpoint, ...rest } = Object.fromEntries(values) as Partial<Record<ApiField, string>>;
  return {
    source: 'environment',
    values: given({ apiEndpoint: env.CALICO_API_SOCKET ?? apiEndpoint, ...rest }),
    isUnit: false,
    isDirect: (env.CALICO_API_SOCKET ?? apiEndpoint) === undefined && namesEtcd(env, {}),
  };
}

/** The store is that of the host's file, or of the one that --config names: a person's own file has contexts. */
function fileLayer(env: Environment, { path, spec }: ConfigFile, named: string | undefined): ConfigLayer {
  const values = apiValuesOf(spec);
  const isOwn = named === undefined && path === personalConfigPath(env);
  return { source: path, values, isUnit: false, isDirect: !isOwn && !values.apiEndpoint && namesEtcd(env, spec) };
}

function given(values: Partial<Record<ApiField, string | undefined>>): Partial<Record<ApiField, string>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function apiValuesOf(spec: Spec): Partial<Record<ApiField, string>> {
  return given(Object.fromEntries(apiFields.map((field) => [field, textOf(spec[field])])));
}

function contextLayer(files: readonly ConfigFile[], name: string): ConfigLayer {
  for (const { path, spec } of files) {
    const found = contextsOf(spec).find((context) => context.name === name);
    if (found !== undefined) return { source: `context ${name} in ${path}`, values: apiValuesOf(found), isUnit: true };
  }
  throw cliError('CLI_CONFIG', `there is no context '${name}'; see calicoctl config get-contexts`);
}

/** The contexts of one file. */
export function contextsOf(spec: Spec): readonly Spec[] {
  return Array.isArray(spec.contexts) ? (spec.contexts as readonly Spec[]) : [];
}

/** The context that is used when none is asked for. */
export function currentContextOf(files: readonly ConfigFile[]): string | undefined {
  return files.map(({ spec }) => textOf(spec.currentContext)).find((name) => name !== undefined);
}

export interface ConfigFile {
  readonly path: string;
  readonly spec: Spec;
}

/** The files that count, highest first: the one that `--config` names alone, else the person's own and the host's. */
export async function readConfigFiles(env: Environment, path: string | undefined): Promise<ConfigFile[]> {
  if (path !== undefined) return [{ path, spec: await readConfigFile(env, path) }];
  const own = personalConfigPath(env);
  const files = own !== undefined && existsSync(own) ? [{ path: own, spec: await readConfigFile(env, own) }] : [];
  const host = hostConfigPath(env);
  return existsSync(host) ? [...files, { path: host, spec: await readConfigFile(env, host) }] : files;
}

/** Where a person's contexts are kept; undefined for somebody without a home. */
export function personalConfigPath(env: Environment): string | undefined {
  const base = textOf(env.XDG_CONFIG_HOME) ?? (textOf(env.HOME) === undefined ? undefined : `${env.HOME}/.config`);
  return base === undefined ? undefined : `${base}/calico/calicoctl.cfg`;
}

function hostConfigPath(env: Environment): string {
  return `${env.CALICO_CONFIG_DIR ?? '/etc/calico'}/calicoctl.cfg`;
}

/** The spec of the configuration file; empty when the default file is not there. */
export async function readConfigFile(env: Environment, given: string | undefined): Promise<Spec> {
  if (given === '') throw cliError('CLI_USAGE', '--config may not be empty');
  const path = given ?? hostConfigPath(env);
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
  checkKeys(spec, [...apiFields, 'contexts', 'currentContext', ...datastoreFields], path);
  checkTexts(spec, [...apiFields, 'currentContext'], `${path}: spec`);
  if (spec.contexts !== undefined && !Array.isArray(spec.contexts)) {
    throw cliError('CLI_CONFIG', `${path}: spec.contexts must be a list`);
  }
  contextsOf(spec).forEach((context, i) => {
    checkKeys(recordOf(context, `${path}: spec.contexts[${i}]`), ['name', ...apiFields], path);
    checkTexts(context, ['name', ...apiFields], `${path}: spec.contexts[${i}]`);
    if (textOf(context.name) === undefined || textOf(context.apiEndpoint) === undefined) {
      throw cliError('CLI_CONFIG', `${path}: spec.contexts[${i}] needs a name and an apiEndpoint`);
    }
  });
  return spec;
}

/** Fields are texts; a secret is given as a file or as text, not both. */
function checkTexts(spec: Spec, fields: readonly string[], where: string): void {
  for (const field of fields) {
    if (spec[field] !== undefined && typeof spec[field] !== 'string') {
      throw cliError('CLI_CONFIG', `${where}.${field} must be a string`);
    }
    if (spec[field] !== undefined && spec[`${field}File`] !== undefined) {
      throw cliError('CLI_CONFIG', `${where}: give either ${field} or ${field}File, not both`);
    }
  }
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
