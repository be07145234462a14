/** The etcd face takes other certificates for the connections to come, and leaves those that are there alone. */
import tls from 'node:tls';
import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { startEtcdFace } from '#appliance/etcd-face/server.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { createCertificates } from './certificates.ts';

test('setTls() changes what new connections are shown', async (t) => {
  const { pem, makeAuthority, makeCertificate, remove } = createCertificates();
  makeAuthority('ca');
  for (const name of ['first', 'second', 'client']) makeCertificate('ca', name);
  const pair = (name: string) => ({ cert: pem(`${name}.crt`), key: pem(`${name}.key`), ca: pem('ca.crt') });
  const store = await openMemoryStore();
  const identity = { clusterId: 1n, memberId: 1n };
  const face = await startEtcdFace({
    store,
    listen: 'https://127.0.0.1:0',
    identity,
    log: silentLogger,
    tls: pair('first'),
  });
  const connect = async () => {
    const socket = tls.connect({
      port: Number(new URL(face.address).port),
      host: '127.0.0.1',
      ...pair('client'),
      ALPNProtocols: ['h2'],
    });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return socket;
  };
  const before = await connect();
  t.is(before.getPeerCertificate().subject.CN, 'first');
  face.setTls(pair('second'));
  const after = await connect();
  t.is(after.getPeerCertificate().subject.CN, 'second');
  t.false(before.destroyed);
  before.destroy();
  after.destroy();
  await face.close();
  await store.close();
  remove();
});
