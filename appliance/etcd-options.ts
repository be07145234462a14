/** How both daemons reach an outside etcd: from settings to what the store's client takes. Reads the certificate files. I/O. */
import { readFileSync } from 'node:fs';
import type { EtcdStoreOptions } from './datastore/etcd/open.ts';
import type { EtcdSettings } from './settings.ts';

/** Throws what reading a named file throws. */
export function etcdOptions(etcd: EtcdSettings): Omit<EtcdStoreOptions, 'log'> {
  const { endpoints, username, password, caCertFile, certFile, keyFile } = etcd;
  const tls = {
    ...(caCertFile === '' ? {} : { ca: readFileSync(caCertFile) }),
    ...(certFile === '' ? {} : { cert: readFileSync(certFile), key: readFileSync(keyFile) }),
  };
  const isSecure = caCertFile !== '' || certFile !== '';
  return { endpoints, ...(username === '' ? {} : { username, password }), ...(isSecure ? { tls } : {}) };
}
