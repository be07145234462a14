import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { etcdctl, serveMemory } from './face.ts';

const directory = mkdtempSync(join(tmpdir(), 'calico-test-tls-'));
const file = (name: string) => join(directory, name);
const pem = (name: string) => readFileSync(file(name));

test.before(() => {
  makeAuthority('ca');
  makeCertificate('ca', 'server');
  makeCertificate('ca', 'client');
  makeCertificate('ca', 'elsewhere', 'IP:127.0.0.2,DNS:address.invalid');
  makeAuthority('other-ca');
  makeCertificate('other-ca', 'stranger');
});
test.after.always(() => rmSync(directory, { recursive: true }));

test('the face lets in over TLS who shows a certificate of its authority, and nobody else', async (t) => {
  const tls = { cert: pem('server.crt'), key: pem('server.key'), ca: pem('ca.crt') };
  await using served = await serveMemory({ listen: 'https://127.0.0.1:0', tls });
  const open = (name?: string) =>
    openEtcdStore({
      endpoints: [served.face.address],
      log,
      requestTimeoutMs: 1_500,
      tls: { ca: pem('ca.crt'), ...(name ? { cert: pem(`${name}.crt`), key: pem(`${name}.key`) } : {}) },
    });
  const [friend, stranger, nobody] = [open('client'), open('stranger'), open()];
  t.is((await friend.put(Buffer.from('/a'), Buffer.from('1'))).revision, 2);
  await t.throwsAsync(stranger.put(Buffer.from('/a'), Buffer.from('2')), { code: 'STORE_UNAVAILABLE' });
  await t.throwsAsync(nobody.put(Buffer.from('/a'), Buffer.from('3')), { code: 'STORE_UNAVAILABLE' });
  await Promise.all([friend.close(), stranger.close(), nobody.close()]);
  const flags = ['--cacert', file('ca.crt'), '--cert', file('client.crt'), '--key', file('client.key')];
  t.is((await etcdctl(served.face.address, ...flags, 'get', '/a')).out, '/a\n1\n');
});

test('`openEtcdStore()` does not talk to a server whose certificate is for another address', async (t) => {
  const tls = { cert: pem('elsewhere.crt'), key: pem('elsewhere.key') };
  await using served = await serveMemory({ listen: 'https://127.0.0.1:0', tls });
  const store = openEtcdStore({
    endpoints: [served.face.address],
    log,
    requestTimeoutMs: 1_000,
    tls: { ca: pem('ca.crt') },
  });
  await t.throwsAsync(store.range({ key: Buffer.from('/a') }), { code: 'STORE_UNAVAILABLE', message: /127\.0\.0\.1/ });
  await store.close();
});

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
}

function makeAuthority(name: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
  openssl('req', '-x509', ...key, '-out', `${name}.crt`, '-subj', `/CN=${name}`, '-days', '2');
}

function makeCertificate(authority: string, name: string, alternatives = 'IP:127.0.0.1,DNS:localhost'): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
  openssl('req', ...key, '-out', `${name}.csr`, '-subj', `/O=system:masters/CN=${name}`);
  writeFileSync(file(`${name}.ext`), `subjectAltName=${alternatives}\n`);
  const signer = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...signer,
    '-out',
    `${name}.crt`,
    '-days',
    '2',
    '-extfile',
    `${name}.ext`,
  );
}
