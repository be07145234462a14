/**
 * Opens the store an address names. A backend's code is loaded only when its scheme is used: etcd's client alone takes 20 MB
 * and a tenth of a second that an agent on the embedded store need not spend. I/O.
 */
import type { Logger } from '../lib/log.ts';
import { storeErrors } from './errors.ts';
import type { EtcdTls } from './etcd/client.ts';
import type { Store } from './store.ts';

export interface OpenStoreOptions {
  /**
   * `memory:`, `level:/path`, or one or more of `unix:/path`, `http://host:port`, `https://host:port`, separated by commas
   * (an etcd v3 server; the appliance's own socket is one).
   */
  readonly address: string;
  readonly log: Logger;
  /** For etcd only. */
  readonly tls?: EtcdTls;
  readonly username?: string;
  readonly password?: string;
  readonly requestTimeoutMs?: number;
}

type Open = (options: OpenStoreOptions) => Promise<Store>;

const backends: Readonly<Record<string, Open>> = {
  memory: async ({ log }) => (await import('./memory/open.ts')).openMemoryStore({ log }),
  level: async ({ address, log }) => (await import('./level/open.ts')).openLevelStore(pathOf(address), { log }),
  unix: openEtcd,
  http: openEtcd,
  https: openEtcd,
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

async function openEtcd({ address, ...options }: OpenStoreOptions): Promise<Store> {
  const { openEtcdStore } = await import('./etcd/open.ts');
  return openEtcdStore({ ...options, endpoints: address.split(',').map((endpoint) => endpoint.trim()) });
}

function pathOf(address: string): string {
  return address.slice(address.indexOf(':') + 1);
}
