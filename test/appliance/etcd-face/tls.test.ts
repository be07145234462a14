import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { createCertificates } from './certificates.ts';
import { etcdctl, serveMemory } from './face.ts';

const { file, pem, makeAuthority, makeCertificate, remove } = createCertificates();

test.before(() => {
  makeAuthority('ca');
  makeCertificate('ca', 'server');
  makeCertificate('ca', 'client', '/O=system:masters/CN=operator');
  makeCertificate('ca', 'elsewhere', '/CN=elsewhere', 'IP:127.0.0.2,DNS:address.invalid');
  makeAuthority('other-ca');
  makeCertificate('other-ca', 'stranger', '/O=system:masters/CN=stranger');
});
test.after.always(remove);

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
