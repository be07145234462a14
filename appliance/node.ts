/**
 * Entry of `calico-node`, the host agent: settings, the store's client, the kernel, then the agent until a signal ends it. I/O.
 * `calico-node uninstall` instead takes everything of ours out of the kernel, on a host whose agent has stopped for good; `calico-node check`,
 * which says what the settings come to, is `node-check.ts`.
 * A fault of ours ends the process with an error, so that it is started again; the kernel keeps what it has meanwhile.
 */
import { randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from './datastore/registry.ts';
import type { Renewal } from './enrolment/renewal.ts';
import { type Agent, startAgent } from './felix/agent/agent.ts';
import { checkAddressSettings } from './felix/agent/detect-address.ts';
import { readHostAddresses } from './felix/agent/host-addresses.ts';
import { readLocalLayers } from './felix/agent/local-layers.ts';
import { readNodename, saveNodename } from './felix/agent/nodename.ts';
import { checkPolicyForm } from './felix/agent/policy-form.ts';
import { recordSysctls, restoreSysctls } from './felix/agent/sysctl-record.ts';
import { type ConfigLayer, resolveLayers } from './felix/config/layers.ts';
import { createConfigSource } from './felix/config/source.ts';
import { bootDirectory, removeSavedFiles } from './felix/dataplane/boot/ruleset-files.ts';
import { uninstall } from './felix/dataplane/uninstall.ts';
import { openServiceManager, type ServiceManager } from './kernel/notify.ts';
import { openKernel } from './kernel/open.ts';
import { openPrograms } from './kernel/programs.ts';
import { createLogger, type Logger, type RootLogger } from './lib/log.ts';
import { printProblems } from './lib/problem.ts';
import { saveMemory } from './lib/save-memory.ts';
import { isSocketAnswered } from './lib/unix-socket.ts';
import { createReloader, type Reloaded } from './reload.ts';
import { loadSettings, type Settings } from './settings.ts';
import { clientStore } from './store-options.ts';

/** A store that does not answer must not hold up a stop. */
const stopMsMax = 1_500;
/** Less than anyone takes to ask why nothing happens. */
const requestTimeoutMs = 6_000;
/** In the run directory: the host's sysctls from before. */
const sysctlFile = 'sysctls-before.json';
/** Reading all keys anew would cost a store that has just come back more than telling what has changed since. */
const watchResumeTimeoutMs = 10 * 60_000;

await main();

async function main(): Promise<void> {
  const settings = loadSettings(process.env);
  if (!settings.ok) return fail(printProblems(settings.problems));
  const verb = process.argv[2];
  if (verb !== undefined && verb !== 'uninstall')
    return fail(`unknown argument ${verb}; there are check and uninstall`);
  const { environment } = settings.value;
  const problems = [...checkAddressSettings(environment), ...checkPolicyForm(environment)];
  if (problems.length > 0) return fail(printProblems(problems));
  try {
    if (verb === 'uninstall') await uninstallFrom(settings.value);
    else await start(settings.value, createLogger(settings.value.logLevel));
  } catch (error) {
    fail((error as Error).message);
  }
}

/** One line for people; the exit code tells systemd. */
function fail(message: string): void {
  process.stderr.write(`calico-node: ${message}\n`);
  process.exit(1);
}

async function start(settings: Settings, root: RootLogger): Promise<void> {
  const log = root.child({ component: 'node' });
  const manager = openServiceManager(process.env);
  const { environment, dataDir } = settings;
  const file = environment.CALICO_NODENAME_FILE ?? join(dataDir, 'nodename');
  const local = readLocalLayers(settings.configDir, process.env);
  const given = environment.NODENAME ?? textsOf(local).get('felixhostname');
  const nodename = readNodename({ given, fallback: settings.nodename, file });
  const store = await openStore({
    ...clientStore(settings, textsOf(local)),
    requestTimeoutMs,
    watchResumeTimeoutMs,
    log: log.child({ component: 'store' }),
  });
  const renewal = await startRenewalOf(settings, nodename, log);
  const kernel = openKernel();
  recordSysctls(kernel, join(settings.runDir, sysctlFile));
  const levels = { byDefault: settings.logLevel };
  const read = createReloader(process.env, settings);
  const agent = await startAgent({
    store,
    kernel,
    openPrograms,
    nodename,
    local,
    runDir: settings.runDir,
    boot: { directory: bootDirectory(dataDir), version: productVersion() },
    dataDir,
    environment,
    hostAddresses: readHostAddresses,
    stamps: { now: () => new Date(), uuid: randomUUID },
    log: root,
    version: startOf(process).version,
    about: () => ({
      ...startOf(process),
      certificates: certificatesOf(settings),
      ...(renewal === undefined ? {} : { renewal: renewal.status }),
    }),
    setLogLevel: (level) => root.setLevel(level ?? levels.byDefault),
  });
  saveNodename(file, nodename);
  dieOnFault(agent, root);
  manager.beatWhile(() => isLive(agent, log));
  agent.started.then(
    () => beQuiet(manager),
    () => undefined,
  );
  const close = async () => {
    await renewal?.close();
    await agent.close();
    await store.close();
  };
  closeOnSignal(close, manager, root);
  process.on('SIGHUP', () => void reload(read, agent, levels, manager, log));
  // not only once it is in sync: the store may be on its way, and what waits for the network must not wait for it
  manager.ready();
  manager.status('waiting for the store');
  log.info({ node: nodename, datastore: settings.datastoreType }, 'started');
}

/** What people ask first. */
function startOf({ pid }: { readonly pid: number }) {
  return { version: productVersion(), pid };
}

function productVersion(): string {
  const manifest = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** When the certificates end that open the store; the problem of one that cannot be read. */
function certificatesOf({ etcd }: Settings) {
  return [etcd.certFile, etcd.caCertFile].filter((file) => file !== '').map(describeCertificate);
}

function describeCertificate(file: string) {
  try {
    const { subject, validTo } = new X509Certificate(readFileSync(file));
    return { file, subject: subject.replaceAll('\n', ', '), endsAt: new Date(validTo).toISOString() };
  } catch (error) {
    return { file, problem: (error as Error).message };
  }
}

/** Only of a host that has joined: by its certificate, and where to have it renewed. */
async function startRenewalOf(settings: Settings, node: string, root: Logger): Promise<Renewal | undefined> {
  const { caCertFile: caFile, certFile, keyFile } = settings.etcd;
  const api = settings.environment.CALICO_API_ENDPOINT ?? '';
  if (certFile === '' || caFile === '' || !api.startsWith('https://')) return undefined;
  const { startRenewal } = await import('./enrolment/renewal.ts');
  return startRenewal({ node, api, caFile, certFile, keyFile, log: root.child({ component: 'certificate' }) });
}

/** Settings that cannot be used change nothing. */
async function reload(
  read: () => Reloaded,
  agent: Agent,
  levels: { byDefault: string },
  manager: ServiceManager,
  log: Logger,
): Promise<void> {
  manager.reloading();
  const reloaded = read();
  if (reloaded.ok) {
    levels.byDefault = reloaded.logLevel;
    await agent.reload(reloaded.local, reloaded.notes);
    for (const note of reloaded.notes) log.warn({ note }, 'settings');
    log.info({}, 'settings read again');
  } else log.error({ problems: printProblems(reloaded.problems) }, 'settings cannot be used; those in use stay');
  manager.ready();
}

/** A process that is stuck and does not know it is what systemd's watchdog is for; one that knows says so once more before. */
function isLive(agent: Agent, log: Logger): boolean {
  const isLive = agent.isLive();
  if (!isLive) log.error({}, 'a part is stuck; the watchdog hears nothing of us until it goes on');
  return isLive;
}

function beQuiet(manager: ServiceManager): void {
  manager.status('the kernel has what the store held at the start');
  saveMemory();
}

/** A running agent would write it all again, so there must be none. Opens what policy kept shut, and says so. */
async function uninstallFrom(settings: Settings): Promise<void> {
  const socket = join(settings.runDir, 'node.sock');
  if (await isSocketAnswered(socket)) throw new Error(`an agent answers at ${socket}; stop it first`);
  const { config } = createConfigSource('', readLocalLayers(settings.configDir, settings.environment)).resolve();
  const kernel = openKernel();
  const programs = openPrograms();
  await uninstall(kernel, config, { programs });
  programs.close();
  restoreSysctls(kernel, join(settings.runDir, sysctlFile));
  removeSavedFiles(bootDirectory(settings.dataDir));
  kernel.close();
  process.stdout.write(
    'calico-node: table inet calico, chains and sets of iptables and the routes to workloads are gone, sysctls are as before; nothing is enforced any more\n',
  );
}

/** Parameter name in lower case -> text, as the first layer has it. */
function textsOf(layers: readonly ConfigLayer[]): ReadonlyMap<string, string> {
  return new Map(Array.from(resolveLayers(layers), ([name, { text }]) => [name, text]));
}

function dieOnFault(agent: Agent, log: RootLogger): void {
  const die = (error: unknown) => {
    log.error({ error: error instanceof Error ? error.stack : String(error) }, 'fault; the kernel keeps what it has');
    process.exit(1);
  };
  agent.done.catch(die);
  process.on('uncaughtException', die).on('unhandledRejection', die);
}

function closeOnSignal(close: () => Promise<void>, manager: ServiceManager, log: RootLogger): void {
  const stop = (signal: string) => {
    process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT');
    log.info({ signal }, 'stopping; the kernel keeps what it has');
    manager.stopping();
    setTimeout(() => process.exit(0), stopMsMax);
    close().then(
      () => process.exit(0),
      () => process.exit(0),
    );
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}
