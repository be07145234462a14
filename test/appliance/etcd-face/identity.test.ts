/** Certificates made by openssl, shown to a real listener by etcdctl and by our own client. */
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import type { Logger } from '#appliance/lib/log.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { createCertificates } from './certificates.ts';
import { etcdctl, serveMemory } from './face.ts';

const { file, pem, makeAuthority, makeCertificate, remove } = createCertificates();
const own = '/calico/felix/v1/host/n-1/endpoint/eth0';
const policies = '/calico/resources/v3/projectcalico.org/globalnetworkpolicies/';

test.before(() => {
  makeAuthority('ca');
  makeCertificate('ca', 'server');
  makeCertificate('ca', 'master', '/O=system:masters/CN=operator');
  makeCertificate('ca', 'node', '/O=system:nodes/CN=system:node:n-1');
  makeCertificate('ca', 'stranger', '/CN=system:node:n-1');
});
test.after.always(remove);

const tls = () => ({ cert: pem('server.crt'), key: pem('server.key'), ca: pem('ca.crt') });

test('etcdctl with the certificate of a node does what Felix does, and is refused as by etcd', async (t) => {
  const lines: unknown[][] = [];
  const loud: Logger = { ...log, warn: (...line: unknown[]) => void lines.push(line), child: () => loud };
  await using served = await serveMemory({ listen: 'https://127.0.0.1:0', tls: tls(), log: loud });
  await served.store.put(Buffer.from(`${policies}web`), Buffer.from('{}'));
  const as = (name: string, ...args: string[]) =>
    etcdctl(
      served.face.address,
      ...['--cacert', file('ca.crt'), '--cert', file(`${name}.crt`), '--key', file(`${name}.key`)],
      ...args,
    );
  const node = (...args: string[]) => as('node', ...args);
  const refusal = /permission denied/;
  t.is((await node('put', own, '{"status":"up"}')).out, 'OK\n');
  t.is((await node('get', own, '--print-value-only')).out, '{"status":"up"}\n');
  t.is((await node('get', policies, '--prefix', '--keys-only')).out, `${policies}web\n\n`);
  t.regex((await node('put', `${policies}web`, '{}')).err, refusal);
  t.regex((await node('del', policies, '--prefix')).err, refusal);
  t.regex((await node('get', '', '--prefix')).err, refusal);
  t.regex((await node('compaction', '2')).err, refusal);
  t.regex((await node('snapshot', 'save', file('stolen.db'))).err, refusal);
  t.regex((await node('endpoint', 'hashkv')).err, refusal);
  t.regex((await node('defrag')).err, refusal);
  t.regex((await node('lease', 'list')).err, refusal);
  t.regex((await node('watch', '', '--prefix')).err, refusal);
  t.is((await node('endpoint', 'status')).status, 0);
  t.is((await node('member', 'list')).status, 0);
  t.is((await node('endpoint', 'health')).status, 0);
  t.regex((await as('stranger', 'get', own)).err, refusal);
  t.regex((await as('stranger', 'member', 'list')).err, refusal);
  t.is((await as('master', 'get', '', '--prefix')).status, 0);
  t.is((await served.store.range({ key: Buffer.from(`${policies}web`) })).entries[0]?.version, 1);
  const logged = lines.map(([fields]) => fields as { identity: string; method: string });
  t.true(logged.some(({ identity, method }) => identity === 'system:node:n-1' && method === '/etcdserverpb.KV/Put'));
  t.true(logged.some(({ method }) => method === 'Watch'));
});

test('an agent works with the certificate of its node', async (t) => {
  await using served = await serveMemory({ listen: 'https://127.0.0.1:0', tls: tls() });
  const store = openEtcdStore({
    endpoints: [served.face.address],
    log,
    tls: { ca: pem('ca.crt'), cert: pem('node.crt'), key: pem('node.key') },
  });
  const resources = Buffer.from('/calico/resources/v3/projectcalico.org/');
  const end = Buffer.from('/calico/resources/v3/projectcalico.org0');
  const { current } = await store.revisions();
  t.is(current, 1);
  const watch = await store.watch({ key: resources, rangeEnd: end });
  await served.store.put(Buffer.from(`${policies}web`), Buffer.from('{}'));
  for await (const batch of watch) {
    t.is(batch.events[0]?.entry.key.toString(), `${policies}web`);
    break;
  }
  const { id } = await store.leaseGrant(60);
  await store.put(Buffer.from('/calico/felix/v2/no-region/host/n-1/status'), Buffer.from('{}'), { lease: id });
  t.is((await store.leaseKeepAlive(id)).ttlSeconds, 60);
  await t.throwsAsync(store.put(Buffer.from(`${policies}web`), Buffer.from('x')), { code: 'STORE_DENIED' });
  await t.throwsAsync(store.watch({ key: Buffer.from('/'), rangeEnd: Buffer.from('0') }), { code: 'STORE_DENIED' });
  await store.close();
});

test('over TLS, too, monitoring finds its pages, and only with a certificate', async (t) => {
  await using served = await serveMemory({ listen: 'https://127.0.0.1:0', tls: tls() });
  const { request } = await import('node:https');
  const get = (options: object) =>
    new Promise<string>((resolve, reject) => {
      request(`${served.face.address}/health`, { ca: pem('ca.crt'), agent: false, ...options }, (response) => {
        response.on('data', (chunk: Buffer) => resolve(chunk.toString()));
      })
        .on('error', reject)
        .end();
    });
  t.is(await get({ cert: pem('node.crt'), key: pem('node.key') }), '{"health":"true","reason":""}');
  await t.throwsAsync(get({}));
});
