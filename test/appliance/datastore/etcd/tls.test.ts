/** TLS to a real etcd: who is trusted, what is said when somebody is not, and certificates that change on disk. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { createAuthority } from './authority.ts';
import { type EtcdServer, type EtcdServerOptions, startEtcd } from './etcd-server.ts';

const key = Buffer.from('/calico/a');
const ca = createAuthority();
test.before(() => {
  for (const name of ['server', 'client']) ca.certificate('ca', name);
  ca.certificate('ca', 'elsewhere', 'IP:127.0.0.9,DNS:elsewhere.example');
  ca.authority('other');
  ca.certificate('other', 'stranger');
});
test.after.always(() => ca[Symbol.dispose]());

const server = (name: string, host: EtcdServerOptions['host'] = '127.0.0.1', flags: string[] = []) =>
  startEtcd({
    scheme: 'https',
    host,
    flags: ['--cert-file', ca.path(`${name}.crt`), '--key-file', ca.path(`${name}.key`), ...flags],
  });
const mutual = (name: string, host?: EtcdServerOptions['host']) =>
  server(name, host, ['--client-cert-auth', '--trusted-ca-file', ca.path('ca.crt')]);
const tls = (authority: string, name?: string) => ({
  ca: ca.pem(`${authority}.crt`),
  ...(name === undefined ? {} : { cert: ca.pem(`${name}.crt`), key: ca.pem(`${name}.key`) }),
});

type Tls = ReturnType<typeof tls>;

async function put({ endpoint }: { endpoint: string }, as: Tls | undefined, requestTimeoutMs: number): Promise<void> {
  const store = openEtcdStore({ endpoints: [endpoint], log, requestTimeoutMs, ...(as && { tls: as }) });
  try {
    await store.put(key, Buffer.from('1'));
  } finally {
    await store.close();
  }
}

const works = (t: ExecutionContext, at: { endpoint: string }, as?: Tls) => t.notThrowsAsync(put(at, as, 10_000));
const fails = (t: ExecutionContext, at: { endpoint: string }, as: Tls | undefined, message: RegExp) =>
  t.throwsAsync(put(at, as, 1_000), { code: 'STORE_UNAVAILABLE', message });

for (const host of ['127.0.0.1', '[::1]'] as const)
  test(`a client certificate opens an etcd on ${host} that wants one`, async (t) => {
    await using etcd = await mutual('server', host);
    await works(t, etcd, tls('ca', 'client'));
    const hint = /trusts: ETCD_CERT_FILE and ETCD_KEY_FILE$/;
    await fails(t, etcd, tls('ca'), hint);
    await fails(t, etcd, tls('ca', 'stranger'), hint);
  });

test('what is wrong with a certificate or a scheme is told with the setting', async (t) => {
  await using etcd = await server('server');
  await using elsewhere = await server('elsewhere');
  await using plain = await startEtcd();
  const swap = ({ endpoint }: EtcdServer, from: string, to: string) => ({ endpoint: endpoint.replace(from, to) });
  await fails(t, etcd, undefined, /ETCD_CA_CERT_FILE does not hold/);
  await fails(t, etcd, tls('other'), /ETCD_CA_CERT_FILE does not hold/);
  await fails(t, elsewhere, tls('ca'), /does not name what ETCD_ENDPOINTS calls it/);
  await fails(t, swap(etcd, 'https', 'http'), undefined, /is it https:\/\/ in ETCD_ENDPOINTS\?/);
  await fails(t, swap(plain, 'http', 'https'), tls('ca'), /is it http:\/\/ in ETCD_ENDPOINTS\?$|ECONNRESET/);
  await fails(t, { endpoint: 'http://nowhere.invalid:2379' }, undefined, /nowhere\.invalid/);
  await works(t, etcd, tls('ca'));
});

test('certificates replaced on disk count from the next connection on, a half of a pair not at all', async (t) => {
  const used = { ca: ca.path('used-ca.crt'), cert: ca.path('used.crt'), key: ca.path('used.key') };
  const install = (authority: string, name: string) => {
    copyFileSync(ca.path(`${authority}.crt`), used.ca);
    copyFileSync(ca.path(`${name}.crt`), used.cert);
    copyFileSync(ca.path(`${name}.key`), used.key);
  };
  install('ca', 'client');
  for (const file of ['crt', 'key']) copyFileSync(ca.path(`server.${file}`), ca.path(`renewed.${file}`));
  copyFileSync(ca.path('ca.crt'), ca.path('renewed-ca.crt'));
  await using etcd = await server('renewed', '127.0.0.1', [
    '--client-cert-auth',
    '--trusted-ca-file',
    ca.path('renewed-ca.crt'),
  ]);
  const store = openEtcdStore({
    endpoints: [etcd.endpoint],
    log,
    tls: () => ({ ca: readFileSync(used.ca), cert: readFileSync(used.cert), key: readFileSync(used.key) }),
  });
  const { revision } = await store.put(key, Buffer.from('1'));
  writeFileSync(used.key, ca.pem('stranger.key'));
  await etcd.kill();
  await etcd.start();
  t.is((await store.put(key, Buffer.from('2'))).revision, revision + 1);
  ca.certificate('other', 'renewed');
  copyFileSync(ca.path('other.crt'), ca.path('renewed-ca.crt'));
  install('other', 'stranger');
  await etcd.kill();
  await etcd.start();
  t.is((await store.put(key, Buffer.from('3'))).revision, revision + 2);
  await store.close();
});
