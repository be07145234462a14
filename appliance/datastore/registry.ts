/**
 * Opens the store an address names; the one way in which daemons and commands come by a store. A backend's code is loaded only when its scheme is used: etcd's client alone takes 20 MB
 * and a tenth of a second that an agent on the embedded store need not spend. I/O.
 */
import type { Logger } from '../lib/log.ts';
import { storeErrors } from './errors.ts';
import type { EtcdTls } from './etcd/credentials.ts';
import type { Store } from './store.ts';

export interface OpenStoreOptions {
  /**
   * `memory:`, `level:/path`, or one or more of `unix:/path`, `http://host:port`, `https://host:port`, separated by commas
   * (an etcd v3 server; the appliance's own socket is one), or `srv:domain`, whose DNS names the servers.
   */
  readonly address: string;
  readonly log: Logger;
  /** For the embedded store only: the largest request. */
  readonly requestBytesMax?: number;
  /** For the embedded store only: how much of the past it keeps by itself; its own defaults otherwise. */
  readonly history?: { readonly revisions: number; readonly ageMs: number };
  /** For etcd only, as in `EtcdStoreOptions`. */
  readonly tls?: EtcdTls | (() => EtcdTls);
  readonly username?: string;
  readonly password?: string;
  readonly requestTimeoutMs?: number;
  readonly watchResumeTimeoutMs?: number;
}

type Open = (options: OpenStoreOptions) => Promise<Store>;

const backends: Readonly<Record<string, Open>> = {
  memory: async (options) => (await import('./memory/open.ts')).openMemoryStore(embedded(options)),
  level: async (options) => (await import('./level/open.ts')).openLevelStore(rest(options.address), embedded(options)),
  unix: openEtcd,
  http: openEtcd,
  https: openEtcd,
  srv: openDiscovered,
};

/** Opens the store at an address. Errors: STORE_UNAVAILABLE for a scheme nobody knows, and the backend's own. */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const scheme = /^([a-z]+):/.exec(options.address)?.[1] ?? '';
  const open = Object.hasOwn(backends, scheme) ? backends[scheme] : undefined;
  if (open === undefined) throw storeErrors.fail('STORE_UNAVAILABLE', `no such kind of address: ${options.address}`);
  return open(options);
}

/** The schemes an address may begin with. */
export const storeSchemes: readonly string[] = Object.keys(backends);

function embedded({ log, requestBytesMax, history }: OpenStoreOptions) {
  return {
    log,
    ...(requestBytesMax === undefined ? {} : { limits: { requestBytesMax } }),
    ...(history === undefined ? {} : { retention: history }),
  };
}

async function openEtcd({ address, ...options }: OpenStoreOptions): Promise<Store> {
  const { openEtcdStore } = await import('./etcd/open.ts');
  return openEtcdStore({ ...options, endpoints: address.split(',').map((endpoint) => endpoint.trim()) });
}

async function openDiscovered({ address, ...options }: OpenStoreOptions): Promise<Store> {
  const [{ discoverEndpoints }, { Resolver }] = await Promise.all([
    import('./etcd/discover.ts'),
    import('node:dns/promises'),
  ]);
  const resolver = new Resolver({ timeout: 2_000, tries: 3 });
  const endpoints = await discoverEndpoints(rest(address), (name) => resolver.resolveSrv(name));
  return openEtcd({ ...options, address: endpoints.join(',') });
}

function rest(address: string): string {
  return address.slice(address.indexOf(':') + 1);
}
