import { statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { call, makePlace, type Place, startServer } from './apiserver-process.ts';

const sets = '/apis/projectcalico.org/v3/globalnetworksets';

function place(t: ExecutionContext, extra: Record<string, string> = {}) {
  const made = makePlace(extra);
  t.teardown(made.remove);
  return made;
}

function start(t: ExecutionContext, where: Place) {
  const server = startServer(where);
  t.teardown(() => server.child.kill('SIGKILL'));
  return server;
}

const networkSet = (name: string) => ({ metadata: { name }, spec: { nets: ['192.0.2.1'] } });

test('calico-apiserver serves REST and etcd from one store, to owner and group only, and stops cleanly', async (t) => {
  const where = place(t);
  const server = start(t, where);
  await server.ready();
  t.is(statSync(where.socket).mode & 0o777, 0o660);
  t.is((await call(where, 'POST', sets, networkSet('a'))).status, 201);
  const store = openEtcdStore({ endpoints: [`unix:${where.dir}/run/etcd.sock`], log: silentLogger });
  const { entries } = await store.range({
    key: Buffer.from('/calico/resources/v3/projectcalico.org/globalnetworksets/a'),
  });
  await store.close();
  t.true(entries[0]?.value.toString().includes('"nets":["192.0.2.1"]'));
  const watching = call(where, 'GET', `${sets}?watch=true`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  server.child.kill('SIGTERM');
  t.is((await watching).status, 200);
  const { code, errors } = await server.exited;
  t.is(code, 0);
  t.is(errors, '');
});

test('calico-apiserver keeps every acknowledged write when it is killed in the middle of many', async (t) => {
  const where = place(t);
  const first = start(t, where);
  await first.ready();
  const acknowledged: string[] = [];
  const write = async (worker: number) => {
    for (let i = 0; ; i++) {
      const name = `w${worker}-${i}`;
      if ((await call(where, 'POST', sets, networkSet(name))).status === 201) acknowledged.push(name);
      if (acknowledged.length === 100) first.child.kill('SIGKILL');
    }
  };
  await Promise.allSettled([0, 1, 2, 3].map(write));
  await first.exited;
  t.true(acknowledged.length >= 100);
  const second = start(t, where);
  await second.ready();
  const { items } = (await call(where, 'GET', sets)).body;
  const present = new Set(items.map((item: { metadata: { name: string } }) => item.metadata.name));
  t.deepEqual(
    acknowledged.filter((name) => !present.has(name)),
    [],
  );
});

test('calico-apiserver says in one line that the database is in use, and leaves the other server alone', async (t) => {
  const where = place(t);
  const first = start(t, where);
  await first.ready();
  const { code, errors } = await start(t, where).exited;
  t.is(code, 1);
  t.regex(errors, /^calico-apiserver: another process has the database open.*\n$/);
  t.is((await call(where, 'GET', '/readyz')).status, 200);
});

test('calico-apiserver says in one line that a socket is in use', async (t) => {
  const where = place(t);
  const other = net.createServer().listen(where.socket);
  t.teardown(() => other.close());
  const { code, errors } = await start(t, where).exited;
  t.is(code, 1);
  t.regex(errors, /^calico-apiserver: .*api\.sock is in use\n$/);
});

test('calico-apiserver names every setting that is wrong', async (t) => {
  const where = place(t, { DATASTORE_TYPE: 'mysql', CALICO_API_LISTEN: 'http://0.0.0.0:80' });
  const { code, errors } = await start(t, where).exited;
  t.is(code, 1);
  t.regex(errors, /DATASTORE_TYPE: must be one of embedded, etcdv3, kubernetes/);
  t.regex(errors, /CALICO_API_LISTEN: plain http is for loopback only/);
});

test('calico-apiserver says in one line that the database is damaged, and leaves it as it is', async (t) => {
  const where = place(t);
  const first = start(t, where);
  await first.ready();
  first.child.kill('SIGTERM');
  await first.exited;
  writeFileSync(join(where.dir, 'data/store/CURRENT'), 'nonsense');
  const { code, errors } = await start(t, where).exited;
  t.is(code, 1);
  t.regex(errors, /^calico-apiserver: the database is damaged.*\n$/);
});

test('calico-apiserver is a gateway to an etcd when told so', async (t) => {
  const keeper = place(t);
  const first = start(t, keeper);
  await first.ready();
  const gate = place(t, { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: `unix:${keeper.dir}/run/etcd.sock` });
  const second = start(t, gate);
  await second.ready();
  t.is((await call(gate, 'POST', sets, networkSet('through'))).status, 201);
  t.is((await call(keeper, 'GET', `${sets}/through`)).status, 200);
});
