/**
 * A second host joins by a token and stays joined: nothing but what the join wrote is given to its agent, which registers, enforces, and
 * has its short-lived certificate renewed while it follows the store. Two configuration directories, two network namespaces' worth of agents.
 */

import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { call } from '../appliance/apiserver-process.ts';
import { until as untilWithin } from '../appliance/felix/status/test-store.ts';
import { createNamespace } from '../kernel/netlink/namespace.ts';

const program = (name: string) => join(import.meta.dirname, '../../bin', name);
const until = (check: () => boolean | Promise<boolean>) => untilWithin(check, 40_000);
const root = '/apis/projectcalico.org/v3';

test('a host joins by a token, runs with what that wrote, and stays joined by renewing', async (t) => {
  t.timeout(240_000);
  const namespace = await createNamespace();
  const folder = mkdtempSync(join(tmpdir(), 'calico-join-'));
  const [etcA, etcB] = [join(folder, 'a/etc'), join(folder, 'b/etc')];
  mkdirSync(etcB, { recursive: true });
  const inside = (words: string[], env: Record<string, string>) =>
    execa('ip', ['netns', 'exec', namespace.name, ...words], { env, reject: false, all: true, stdin: 'ignore' });
  const calicoctl = (env: Record<string, string>, ...words: string[]) => inside([program('calicoctl'), ...words], env);
  const envA = {
    CALICO_CONFIG_DIR: etcA,
    CALICO_DATA_DIR: join(folder, 'a/data'),
    CALICO_RUN_DIR: join(folder, 'a/run'),
    CALICO_API_LISTEN: `unix:${join(folder, 'a/run/api.sock')},https://127.0.0.1:25443`,
    CALICO_ETCD_LISTEN: `unix:${join(folder, 'a/run/etcd.sock')},https://127.0.0.1:22379`,
    CALICO_NODE_CERT_LIFETIME: '24s',
  };
  for (const words of [
    ['init'],
    ['issue', 'server', 'api', '--host', '127.0.0.1'],
    ['issue', 'server', 'etcd', '--host', '127.0.0.1'],
  ])
    t.is((await calicoctl(envA, 'ca', ...words)).exitCode, 0);
  const keeper = inside([program('calico-apiserver')], envA);
  const children = [keeper];
  t.teardown(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children);
    await namespace[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  let said = '';
  keeper.all.on('data', (text: Buffer) => {
    said += text;
  });
  await until(() => said.includes('"serving"'));

  const api = { CALICO_API_SOCKET: join(folder, 'a/run/api.sock') };
  const made = await calicoctl(api, 'node', 'token', 'create', '--ttl', '10m');
  t.is(made.exitCode, 0, made.all);
  const token = String(made.stdout).trim();
  t.regex(token, /^calico-join\.v1\./);
  writeFileSync(join(etcB, 'calico.env'), '# of this host\nCALICO_NETWORKING_BACKEND=none\n');
  const envB = { CALICO_CONFIG_DIR: etcB };
  const joined = await calicoctl(envB, 'node', 'join', token, '--node', 'b');
  t.is(joined.exitCode, 0, joined.all);
  t.regex(
    joined.stdout as string,
    /^This host is node b now; wrote .*ca\.crt, .*node\.crt, .*node\.key, .*calico\.env\n/,
  );
  t.is(statSync(join(etcB, 'node.key')).mode & 0o777, 0o600);
  const env = readFileSync(join(etcB, 'calico.env'), 'utf8');
  t.true(env.startsWith('# of this host\nCALICO_NETWORKING_BACKEND=none\nDATASTORE_TYPE=etcdv3\n'), env);
  t.true(env.includes('ETCD_ENDPOINTS=https://127.0.0.1:22379\n'));
  t.true(env.includes('CALICO_API_ENDPOINT=https://127.0.0.1:25443\n'));
  t.is((await calicoctl(envB, 'node', 'join', token, '--node', 'b')).exitCode, 5, 'an identity is not written over');
  const other = await calicoctl({ CALICO_CONFIG_DIR: join(folder, 'c') }, 'node', 'join', token, '--node', 'c');
  t.is(other.exitCode, 1, 'one use is one use');
  t.regex(other.stderr as string, /used up/);
  const listed = await calicoctl(api, 'node', 'token', 'list');
  t.regex(listed.stdout as string, /^ID +NODE +USES LEFT +EXPIRES *\n[a-z0-9]{10} +\(any new one\) +0 /);

  const agent = inside([program('calico-node')], {
    ...envB,
    CALICO_DATA_DIR: join(folder, 'b/data'),
    CALICO_RUN_DIR: join(folder, 'b/run'),
  });
  children.push(agent);
  const place = (who: string, name: string) => ({ dir: folder, env: {}, socket: join(folder, who, 'run', name) });
  const serverA = place('a', 'api.sock');
  await until(async () => (await call(serverA, 'GET', `${root}/nodes/b`)).status === 200);
  const status = async () => (await call(place('b', 'node.sock'), 'GET', '/status').catch(() => ({ body: {} }))).body;
  await until(async () => (await status()).isStoreReady === true);
  const first = new X509Certificate(readFileSync(join(etcB, 'node.crt')));
  const key = readFileSync(join(etcB, 'node.key'), 'utf8');
  await until(() => new X509Certificate(readFileSync(join(etcB, 'node.crt'))).serialNumber !== first.serialNumber);
  t.is(readFileSync(join(etcB, 'node.key'), 'utf8'), key);
  // past the end of the certificate it joined with, the agent still follows, and is whole
  await until(() => Date.now() > first.validToDate.getTime() + 1_000);
  const { body } = await call(serverA, 'POST', `${root}/globalnetworksets`, {
    metadata: { name: 'later' },
    spec: { nets: ['192.0.2.1'] },
  });
  const revision = Number(body.metadata.resourceVersion);
  await until(async () => (await status()).sentRevision >= revision);
  const now = await status();
  t.is(now.storeConnection.state, 'connected');
  t.true(Date.parse(now.renewal.expires) > first.validToDate.getTime());
  t.is(now.renewal.problem, undefined);
  // what it may write with its certificate: host endpoints of its own, made from a template and taken away again
  const endpoint = async () => (await call(serverA, 'GET', `${root}/hostendpoints/b-auto-hep`)).status;
  const hostEndpoint = { autoCreate: 'Enabled' };
  const controllers = { metadata: { name: 'default' }, spec: { controllers: { node: { hostEndpoint } } } };
  t.is((await call(serverA, 'POST', `${root}/kubecontrollersconfigurations`, controllers)).status, 201);
  await until(async () => (await endpoint()) === 200);
  await call(serverA, 'DELETE', `${root}/kubecontrollersconfigurations/default`);
  hostEndpoint.autoCreate = 'Disabled';
  t.is((await call(serverA, 'POST', `${root}/kubecontrollersconfigurations`, controllers)).status, 201);
  await until(async () => (await endpoint()) === 404);
  t.is(agent.exitCode, null);
  t.false(said.includes(token));
});
