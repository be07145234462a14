/** The API server over an etcd that freezes, dies or is full: a clear answer in time, and service again by itself. */
import test from 'ava';
import { call, makePlace, startServer } from '../appliance/apiserver-process.ts';
import { freePort, startEtcd } from '../appliance/datastore/etcd/etcd-server.ts';
import { until } from '../appliance/felix/status/test-store.ts';

const path = '/apis/projectcalico.org/v3/globalnetworksets';
const set = (name: string) => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkSet',
  metadata: { name },
  spec: { nets: ['192.0.2.0/24'] },
});

test('requests to the API are answered with 503 and the reason while etcd is frozen, and served once it is back', async (t) => {
  t.timeout(120_000);
  await using etcd = await startEtcd();
  const place = makePlace({ DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: etcd.endpoint, CALICO_LOG_LEVEL: 'silent' });
  const server = startServer(place);
  t.teardown(async () => {
    server.child.kill('SIGKILL');
    const { errors } = await server.exited;
    if (errors !== '') t.log(errors);
    place.remove();
  });
  await server.ready();
  t.is((await call(place, 'POST', path, set('a'))).status, 201);
  etcd.freeze();
  const began = performance.now();
  const answers = await Promise.all([
    call(place, 'GET', path),
    call(place, 'GET', `${path}/a`),
    call(place, 'POST', path, set('b')),
    call(place, 'GET', '/readyz'),
  ]);
  const tookMs = performance.now() - began;
  for (const { status, body } of answers.slice(0, 3)) {
    t.is(status, 503);
    t.regex(body.message, /^the store cannot be reached: /);
  }
  t.not(answers[3]!.status, 200);
  t.true(tookMs < 15_000, `${tookMs} ms`);
  etcd.thaw();
  const thawed = performance.now();
  await until(async () => (await call(place, 'GET', path)).status === 200, 5_000);
  t.is((await call(place, 'POST', path, set('c'))).status, 201);
  const recoveredMs = performance.now() - thawed;
  t.true(recoveredMs < 5_000, `${recoveredMs} ms`);
  t.log(`answered after ${Math.round(tookMs)} ms, back after ${Math.round(recoveredMs)} ms`);
});

test('without an etcd at its start the API server waits, says so, and serves once it is there', async (t) => {
  await using etcd = await startEtcd();
  await etcd.kill();
  const place = makePlace({ DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: etcd.endpoint });
  const server = startServer(place);
  t.teardown(async () => {
    server.child.kill('SIGKILL');
    await server.exited;
    place.remove();
  });
  const ask = (where: string) => call(place, 'GET', where).catch(() => ({ status: 0, body: { message: '' } }));
  await until(async () => (await ask('/readyz')).status === 503, 15_000);
  t.is((await ask('/livez')).status, 200);
  const refused = await ask(path);
  t.is(refused.status, 503);
  t.regex(refused.body.message, /^the server is not ready: the store (cannot be reached|has not been reached yet)/);
  await etcd.start();
  await server.ready();
  t.is((await ask('/apis/projectcalico.org/v3/tiers/default')).status, 200);
  t.is((await call(place, 'POST', path, set('a'))).status, 201);
});

test('the API server that waits for its etcd can be stopped', async (t) => {
  const place = makePlace({ DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: `http://127.0.0.1:${await freePort()}` });
  const server = startServer(place);
  t.teardown(place.remove);
  await until(async () => (await call(place, 'GET', '/livez').catch(() => ({ status: 0 }))).status === 200, 15_000);
  server.child.kill('SIGTERM');
  const { code, errors } = await server.exited;
  t.is(code, 0, errors);
});
