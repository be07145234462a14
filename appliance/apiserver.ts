/**
 * Entry of `calico-apiserver`: keeps the embedded store (or opens the way to etcd) and serves it, as REST and as etcd.
 * Settings -> store -> initialised -> sockets -> wait for a signal -> close in the other order. I/O.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAuthorizer } from './api/access/authorizer.ts';
import { ensureDefaultRoles } from './api/access/ensure-default-roles.ts';
import { type Listener, listen } from './api/listen.ts';
import { nameSuffix } from './api/name-suffix.ts';
import { createApi } from './api/server.ts';
import { ensureInitialized } from './datastore/effects/ensure-initialized.ts';
import { openStore } from './datastore/registry.ts';
import { createResources, type Resources } from './datastore/resources.ts';
import type { Store } from './datastore/store.ts';
import { startEtcdFace } from './etcd-face/server.ts';
import { createIpam } from './ipam/ipam.ts';
import type { ServiceManager } from './kernel/notify.ts';
import { hasCode } from './lib/errors.ts';
import { createLogger, type Logger } from './lib/log.ts';
import { printProblems } from './lib/problem.ts';
import { saveMemory } from './lib/save-memory.ts';
import { followTlsFiles, readTlsFiles } from './pki/tls-files.ts';
import { kindOf } from './resources/registry.ts';
import { loadSettings, type Settings } from './settings.ts';
import { keeperStore } from './store-options.ts';
import { openWaysIn } from './ways-in.ts';

const bookmarkIntervalMs = 60_000;
/** Between tries to reach a store that is away at the start. */
const retryMs = { first: 500, most: 5_000 };
/** Of the embedded store: one network set of 100,000 CIDRs takes 2 MiB, more than etcd's own limit. */
const requestBytesMax = 8 * 1024 * 1024;

/** Something to close. */
type Part = { close(): Promise<void> };

await main();

async function main(): Promise<void> {
  const settings = loadSettings(process.env);
  if (!settings.ok) return fail(printProblems(settings.problems));
  const parts: Part[] = [];
  try {
    await start(settings.value, createLogger(settings.value.logLevel), parts);
  } catch (error) {
    await closeAll(parts);
    fail((error as Error).message);
  }
}

/** One line for people; the exit code tells systemd. */
function fail(message: string): void {
  process.stderr.write(`calico-apiserver: ${message}\n`);
  process.exitCode = 1;
}

async function start(settings: Settings, log: Logger, parts: Part[]): Promise<void> {
  const stopping = new AbortController();
  const store = await openStore({
    ...keeperStore(settings),
    requestBytesMax,
    log: log.child({ component: 'store' }),
  });
  parts.push(store);
  const stamps = { now: () => new Date(), uuid: randomUUID };
  const resources = createResources(store, stamps);
  const state: ServerState = { listeners: [], isDraining: false, unreadiness: 'the store has not been reached yet' };
  const initialized = initialize(resources, state, stopping.signal, log);
  // nobody but us keeps the embedded store: what is wrong with it is told, and ends the start
  if (settings.datastoreType === 'embedded') await initialized;
  const authorizer = startAuthorizer(store, log.child({ component: 'access' }));
  parts.push(authorizer);
  const app = await createApi({
    ...(await openWaysIn(settings, {
      store,
      resources,
      listeners: () => state.listeners,
      log: log.child({ component: 'tokens' }),
    })),
    unreadiness: () => state.unreadiness,
    isDraining: () => state.isDraining,
    resources,
    ipam: createIpam(store, stamps),
    authorizer,
    log: log.child({ component: 'api' }),
    audit: log.child({ component: 'audit' }),
    version: readVersion(),
    stopping: stopping.signal,
    now: Date.now,
    nameSuffix,
    bookmarkIntervalMs,
  });
  const { connections } = settings.api;
  for (const address of settings.apiListen) {
    const listener = await listen(address, settings.apiTls, app.routing, log.child({ component: 'api' }), connections);
    parts.push(listener);
    state.listeners.push(listener.address);
  }
  if (settings.datastoreType === 'embedded') await startFaces(settings, store, resources, log, parts);
  const manager = await serviceManager();
  closeOnSignal(parts, { state, stopping, manager, drainDelayMs: connections.drainDelayMs }, log);
  manager?.ready();
  const listening = parts.flatMap((part) => addressOf(part));
  if (state.unreadiness !== undefined) log.warn({ listen: listening }, 'listening; the store has not been reached yet');
  await initialized;
  if (!stopping.signal.aborted) log.info({ listen: listening, revision: await resources.revision() }, 'serving');
  saveMemory();
}

/** What changes in the life of the server. */
interface ServerState {
  readonly listeners: string[];
  isDraining: boolean;
  unreadiness: string | undefined;
}

/** Puts into the store what every store has; for as long as that is away, tries again. Throws what waiting does not help with. */
async function initialize(resources: Resources, state: ServerState, stop: AbortSignal, log: Logger): Promise<void> {
  for (let waitMs = retryMs.first; !stop.aborted; waitMs = Math.min(waitMs * 2, retryMs.most)) {
    try {
      await ensureInitialized(resources, randomUUID().replaceAll('-', ''));
      await ensureDefaultRoles(resources);
      state.unreadiness = undefined;
      return;
    } catch (error) {
      if (stop.aborted) return;
      if (!hasCode(error, 'STORE_UNAVAILABLE')) throw error;
      state.unreadiness = (error as Error).message;
      log.warn({ error: (error as Error).message }, 'the store cannot be reached, trying again');
      await delay(waitMs, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}

/** Only under systemd: what talks to it costs a server of its own memory. */
async function serviceManager(): Promise<ServiceManager | undefined> {
  if (process.env.NOTIFY_SOCKET === undefined) return undefined;
  return (await import('./kernel/notify.ts')).openServiceManager(process.env);
}

/** The embedded store as an etcd, under an identity that stays with the store. */
async function startFaces(
  settings: Settings,
  store: Store,
  resources: Resources,
  log: Logger,
  parts: Part[],
): Promise<void> {
  const info = await resources.get({ kind: kindOf('ClusterInformation')!, namespace: '', name: 'default' });
  const guid = String(info.resource.spec.clusterGUID).padEnd(32, '0');
  const identity = { clusterId: hexToBigint(guid.slice(0, 16)), memberId: hexToBigint(guid.slice(16, 32)) };
  for (const address of settings.etcdListen) {
    const tls = address.startsWith('https:') ? { tls: readTlsFiles(settings.etcdTls, 0) } : {};
    const face = await startEtcdFace({
      store,
      listen: address,
      identity,
      requestBytesMax,
      ...tls,
      log: log.child({ component: 'etcd' }),
    });
    parts.push(face);
    if (address.startsWith('https:'))
      followTlsFiles(settings.etcdTls, (texts) => face.setTls(texts), log.child({ component: 'etcd' }));
  }
}

function hexToBigint(text: string): bigint {
  return /^[0-9a-f]+$/.test(text) ? BigInt(`0x${text}`) : 1n;
}

function addressOf(part: Part | Listener): string[] {
  return 'address' in part ? [part.address] : [];
}

interface Closing {
  readonly state: ServerState;
  readonly stopping: AbortController;
  readonly manager: ServiceManager | undefined;
  readonly drainDelayMs: number;
}

/** The first signal closes in good order; a second one is the system's to answer. */
function closeOnSignal(parts: Part[], { state, stopping, manager, drainDelayMs }: Closing, log: Logger): void {
  const stop = async (signal: string) => {
    process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT');
    log.info({ signal }, 'stopping');
    state.isDraining = true;
    manager?.stopping();
    if (drainDelayMs > 0) await delay(drainDelayMs);
    stopping.abort();
    closeAll(parts).catch((error: unknown) => fail(`closing: ${(error as Error).message}`));
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

/** Sockets, all at once, before the store. */
async function closeAll(parts: Part[]): Promise<void> {
  const [store, ...sockets] = parts.splice(0);
  await Promise.all(sockets.map((part) => part.close()));
  await store?.close();
}

function readVersion(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
  return manifest.version;
}
