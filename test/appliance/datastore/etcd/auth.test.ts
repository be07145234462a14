/** Users, passwords and roles of a real etcd, over https to an address: what the client does when its token is not taken any more. */
import { execFile, execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { readEvents } from '#test/contract/store/scope.ts';
import { createAuthority } from './authority.ts';
import { startEtcd } from './etcd-server.ts';

const run = promisify(execFile);
const bytes = (text: string) => Buffer.from(text);
const calico = { key: bytes('/calico/'), rangeEnd: bytes('/calico0') };
const ca = createAuthority();
ca.certificate('ca', 'server');
test.after.always(() => ca[Symbol.dispose]());

/** An etcd with root and `agent`, who may do everything below `/calico/`. */
async function etcdWithUsers(more: readonly string[] = []) {
  const flags = ['--cert-file', ca.path('server.crt'), '--key-file', ca.path('server.key'), '--bcrypt-cost', '4'];
  const etcd = await startEtcd({ scheme: 'https', flags: [...flags, ...more] });
  const as = (user: string[]) => async (command: string) => {
    const words = ['--endpoints', etcd.endpoint, '--cacert', ca.path('ca.crt'), ...user, ...command.split(' ')];
    return (await run('etcdctl', words, { env: { ...process.env, ETCDCTL_API: '3' } })).stdout;
  };
  const anyone = as([]);
  for (const command of [
    'user add root:secret',
    'user grant-role root root',
    'role add calico',
    'role grant-permission calico readwrite /calico/ /calico0',
    'user add agent:first',
    'user grant-role agent calico',
    'auth enable',
  ])
    await anyone(command);
  const open = (username?: string, password?: string, requestTimeoutMs = 5_000) =>
    openEtcdStore({
      endpoints: [etcd.endpoint],
      log,
      tls: { ca: ca.pem('ca.crt') },
      requestTimeoutMs,
      ...(username && password ? { username, password } : {}),
    });
  return { etcd, root: as(['--user', 'root:secret']), open };
}

test("a user whose role covers Calico's keys does everything an agent does, and nothing else", async (t) => {
  const { etcd, open } = await etcdWithUsers();
  await using _etcd = etcd;
  const store = open('agent', 'first');
  const watch = await store.watch(calico);
  const { revision } = await store.put(bytes('/calico/a'), bytes('1'));
  t.is((await store.range(calico)).count, 1);
  t.is((await readEvents(t, watch, 1))[0]?.entry.modRevision, revision);
  t.true((await store.revisions()).current >= revision);
  t.is((await store.status()).members.length, 1);
  const lease = await store.leaseGrant(60);
  await store.leaseKeepAlive(lease.id);
  const denied = { code: 'STORE_DENIED', message: /permission denied; the roles of ETCD_USERNAME/ };
  await t.throwsAsync(store.put(bytes('/other'), bytes('1')), denied);
  await t.throwsAsync(store.range({ key: bytes('/other') }), denied);
  await t.throwsAsync(store.watch({ key: bytes('/other') }), { code: 'STORE_DENIED' });
  await store.close();
});

test('a wrong password and a missing user are told with the setting', async (t) => {
  const { etcd, open } = await etcdWithUsers();
  await using _etcd = etcd;
  for (const [store, hint] of [
    [open('agent', 'wrong'), /check ETCD_USERNAME and ETCD_PASSWORD/],
    [open('nobody', 'first'), /check ETCD_USERNAME and ETCD_PASSWORD/],
    [open(), /the server wants ETCD_USERNAME and ETCD_PASSWORD/],
  ] as const) {
    await t.throwsAsync(store.put(bytes('/calico/a'), bytes('1')), { code: 'STORE_DENIED', message: hint });
    await t.throwsAsync(store.range(calico), { code: 'STORE_DENIED', message: hint });
    await store.close();
  }
});

test('a token is fetched anew after roles have changed and after the server was restarted', async (t) => {
  const { etcd, root, open } = await etcdWithUsers();
  await using _etcd = etcd;
  const store = open('agent', 'first', 10_000);
  await store.put(bytes('/calico/a'), bytes('1'));
  await root('role add other');
  await store.put(bytes('/calico/a'), bytes('2'));
  await root('role grant-permission calico readwrite /more/ /more0');
  const watch = await store.watch({ key: bytes('/more/'), rangeEnd: bytes('/more0') });
  await etcd.kill();
  await etcd.start();
  await Promise.all([1, 2, 3].map((i) => store.range({ key: bytes(`/calico/${i}`) })));
  await store.put(bytes('/more/a'), bytes('3'));
  t.is((await readEvents(t, watch, 1))[0]?.entry.value.toString(), '3');
  await store.close();
});

test('a token that has run out is fetched anew, for requests, watches and leases', async (t) => {
  execFileSync('openssl', ['genrsa', '-out', ca.path('token.key'), '2048'], { stdio: 'ignore' });
  execFileSync('openssl', ['rsa', '-in', ca.path('token.key'), '-pubout', '-out', ca.path('token.pub')], {
    stdio: 'ignore',
  });
  const keys = `pub-key=${ca.path('token.pub')},priv-key=${ca.path('token.key')}`;
  // The end is written in whole seconds: of two, a token lives one at least.
  const { etcd, open } = await etcdWithUsers(['--auth-token', `jwt,${keys},sign-method=RS256,ttl=2s`]);
  await using _etcd = etcd;
  const store = open('agent', 'first', 10_000);
  await store.put(bytes('/calico/a'), bytes('1'));
  const { id } = await store.leaseGrant(60);
  for (const attempt of [
    () => store.put(bytes('/calico/a'), bytes('2'), { lease: id }),
    () => store.leaseKeepAlive(id),
    () => store.watch(calico),
    () => store.range(calico),
  ]) {
    await sleep(2_200);
    await t.notThrowsAsync(attempt());
  }
  await store.close();
});

test('a user is no hindrance where nobody is asked who he is, nor when that changes', async (t) => {
  await using etcd = await startEtcd();
  const store = openEtcdStore({ endpoints: [etcd.endpoint], log, username: 'root', password: 'secret' });
  await store.put(bytes('/calico/a'), bytes('1'));
  for (const command of ['user add root:secret', 'user grant-role root root', 'auth enable'])
    await run('etcdctl', ['--endpoints', etcd.endpoint, ...command.split(' ')]);
  await store.put(bytes('/calico/a'), bytes('2'));
  t.is((await store.range(calico)).entries[0]?.version, 2);
  await store.close();
});
