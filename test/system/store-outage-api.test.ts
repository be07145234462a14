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

test('without an etcd at its start the API server ends with one line that names the address', async (t) => {
  const place = makePlace({ DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: `http://127.0.0.1:${await freePort()}` });
  const { code, errors } = await startServer(place).exited;
  place.remove();
  t.is(code, 1);
  t.regex(errors, /^calico-apiserver: the store cannot be reached: .*ECONNREFUSED.*http:\/\/127\.0\.0\.1:\d+\)\n$/);
});
