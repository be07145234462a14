/**
 * How people, programs and hosts come to be known to the API server, and what they may ask of it: tokens, enrolment and limits from the
 * settings. Part of the wiring of `apiserver.ts`. I/O.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { ApiContext } from './api/context.ts';
import type { Resources } from './datastore/resources.ts';
import type { Store } from './datastore/store.ts';
import { createEnrolment } from './enrolment/issue.ts';
import { hasCode } from './lib/errors.ts';
import type { Logger } from './lib/log.ts';
import { kindOf } from './resources/registry.ts';
import type { Settings } from './settings.ts';

interface Parts {
  readonly store: Store;
  readonly resources: Resources;
  /** Addresses of the listeners, once they listen. */
  readonly listeners: () => readonly string[];
  readonly log: Logger;
}

export async function openWaysIn(
  settings: Settings,
  { store, resources, listeners, log }: Parts,
): Promise<Pick<ApiContext, 'limits' | 'enrolment' | 'tokens'>> {
  const { limits, connections, enrolment } = settings.api;
  const account = accountFinder(resources);
  return {
    limits: { ...limits, responseTimeoutMs: connections.responseTimeoutMs },
    enrolment: createEnrolment({
      store,
      caFile: settings.apiTls.caFile,
      caKeyFile: enrolment.caKeyFile,
      lifetimeSeconds: enrolment.lifetimeMs / 1000,
      addresses: async () => ({ api: apiAddresses(settings, listeners()), etcd: etcdAddresses(settings) }),
      now: Date.now,
    }),
    ...(account === undefined
      ? {}
      : { tokens: { ...(await openTokens(settings, account, log)), findServiceAccount: account } }),
  };
}

type FindAccount = (namespace: string, name: string) => Promise<{ readonly uid: string } | undefined>;

/** Undefined while there are no service accounts among the kinds. */
function accountFinder(resources: Resources): FindAccount | undefined {
  const kind = kindOf('ServiceAccount');
  if (kind === undefined) return undefined;
  return async (namespace, name) => {
    try {
      const { resource } = await resources.get({ kind, namespace, name });
      const { uid } = resource.metadata;
      return uid === undefined ? undefined : { uid };
    } catch (error) {
      if (hasCode(error, 'RESOURCE_NOT_FOUND') || hasCode(error, 'RESOURCE_UNREADABLE')) return undefined;
      throw error;
    }
  };
}

const issuer = 'calico-apiserver';

/** Keys are read again when their file changes; a bad file leaves those that are in use. */
async function openTokens({ api }: Settings, findServiceAccount: FindAccount, log: Logger) {
  const [{ readTokenKeys, parseTokenKeys }, { createTokens }] = await Promise.all([
    import('./tokens/keys.ts'),
    import('./tokens/service-account.ts'),
  ]);
  const { keyFile, audience, lifetimeMaxMs } = api.tokens;
  let keys = await readTokenKeys(keyFile);
  let mark = markOf(keyFile);
  const timer = setInterval(async () => {
    if (markOf(keyFile) === mark) return;
    mark = markOf(keyFile);
    await parseTokenKeys(readFileSync(keyFile, 'utf8')).then(
      (next) => {
        keys = next;
      },
      (error: unknown) => log.error({ keyFile, error: (error as Error).message }, 'new token keys cannot be used'),
    );
  }, 2_000);
  timer.unref();
  return createTokens({
    keys: () => keys,
    issuer,
    audience,
    lifetimeMaxSeconds: Math.floor(lifetimeMaxMs / 1000),
    findServiceAccount,
    now: Date.now,
  });
}

function markOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
}

/** What is said in the settings, else what the listeners are bound to, with the names of the certificate for those bound to everything. */
function apiAddresses({ api, apiTls }: Settings, listeners: readonly string[]): readonly string[] {
  if (api.enrolment.advertiseApi.length > 0) return api.enrolment.advertiseApi;
  return reachable(listeners, apiTls.certFile);
}

function etcdAddresses({ api, datastoreType, etcd, etcdListen, etcdTls }: Settings): readonly string[] {
  if (api.enrolment.advertiseEtcd.length > 0) return api.enrolment.advertiseEtcd;
  return datastoreType === 'etcdv3' ? etcd.endpoints : reachable(etcdListen, etcdTls.certFile);
}

function reachable(listeners: readonly string[], certFile: string): readonly string[] {
  return listeners.flatMap((address) => {
    if (!address.startsWith('https://')) return [];
    const { hostname: host, port } = new URL(address);
    if (host !== '0.0.0.0' && host !== '[::]') return [address];
    return namesOf(certFile).map((name) => `https://${name}:${port || '443'}`);
  });
}

/** Names and addresses a certificate is good for, as they stand in a URL. */
function namesOf(certFile: string): readonly string[] {
  const text = new X509Certificate(readFileSync(certFile)).subjectAltName ?? '';
  return text.split(', ').flatMap((entry) => {
    const [, type, name = ''] = /^(DNS|IP Address):(.+)$/.exec(entry) ?? [];
    if (type === undefined || name.includes('*') || name === 'localhost' || /^127\.|^0:0:0:0:0:0:0:1$/.test(name))
      return [];
    return [name.includes(':') ? `[${name.toLowerCase()}]` : name];
  });
}
