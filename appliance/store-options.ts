/**
 * Which store a daemon opens, and as whom: from settings to what `datastore/registry.ts` takes. The API server keeps the embedded
 * store; everybody else reaches that by its socket, as the etcd it answers as. I/O: reads certificate files when asked to.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EtcdTls } from './datastore/etcd/credentials.ts';
import { withScheme } from './datastore/etcd/endpoint.ts';
import type { OpenStoreOptions } from './datastore/registry.ts';
import type { EtcdSettings, Settings } from './settings.ts';

type StoreOptions = Omit<OpenStoreOptions, 'log'>;

/** The store as its keeper opens it. Throws what names the setting that is wrong. */
export function keeperStore({ datastoreType, dataDir, history, etcd }: Settings): StoreOptions {
  if (datastoreType === 'embedded') return { address: `level:${join(dataDir, 'store')}`, history };
  if (datastoreType === 'etcdv3') return etcdStore(etcd);
  throw new Error(
    'DATASTORE_TYPE: with kubernetes its own API server serves the resources; there is nothing to do here',
  );
}

/** The store as the agent follows it; `local` are Felix's own parameters of environment and file, which come first. */
export function clientStore(settings: Settings, local: ReadonlyMap<string, string>): StoreOptions {
  const { datastoreType, etcdListen } = settings;
  const etcd = withFelixNames(settings.etcd, local);
  if (datastoreType === 'etcdv3') return etcdStore(etcd);
  if (datastoreType === 'kubernetes') throw new Error('DATASTORE_TYPE: the agent follows embedded or etcdv3');
  const listen = etcdListen.find((address) => address.startsWith('unix:')) ?? etcdListen[0];
  if (listen === undefined) throw new Error('CALICO_ETCD_LISTEN: names no address to reach the store at');
  return etcdStore({ ...etcd, endpoints: [listen], discoverySrv: '' });
}

/** Felix's names for the same; its defaults are not taken for a wish. */
function withFelixNames(etcd: EtcdSettings, local: ReadonlyMap<string, string>): EtcdSettings {
  const get = (name: string) => local.get(name.toLowerCase()) ?? '';
  const address = get('EtcdAddr') === '' ? '' : `${get('EtcdScheme') || 'http'}://${get('EtcdAddr')}`;
  const endpoints = (get('EtcdEndpoints') || address).split(',').flatMap((text) => text.trim() || []);
  return {
    ...etcd,
    ...(endpoints.length === 0 ? {} : { endpoints, discoverySrv: '' }),
    caCertFile: get('EtcdCaFile') || etcd.caCertFile,
    certFile: get('EtcdCertFile') || etcd.certFile,
    keyFile: get('EtcdKeyFile') || etcd.keyFile,
  };
}

function etcdStore(etcd: EtcdSettings): StoreOptions {
  const { endpoints, discoverySrv, username, password, caCertFile, certFile } = etcd;
  const isSecure = caCertFile !== '' || certFile !== '';
  const tls = () => readTls(etcd);
  // Once now, so that a file that is missing is told at the start.
  if (isSecure) tls();
  return {
    address:
      discoverySrv === '' ? endpoints.map((text) => withScheme(text, isSecure)).join(',') : `srv:${discoverySrv}`,
    ...(username === '' ? {} : { username, password }),
    ...(isSecure ? { tls } : {}),
  };
}

function readTls({ caCertFile, certFile, keyFile }: EtcdSettings): EtcdTls {
  return {
    ...(caCertFile === '' ? {} : { ca: readFileSync(caCertFile) }),
    ...(certFile === '' ? {} : { cert: readFileSync(certFile), key: readFileSync(keyFile) }),
  };
}
