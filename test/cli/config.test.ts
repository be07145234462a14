import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { readApiSettings } from '#cli/config.ts';
import { parseEndpoint } from '#cli/endpoint.ts';

function writeConfig(spec: string): Disposable & { path: string; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'calico-cli-config-'));
  const path = join(directory, 'calicoctl.cfg');
  writeFileSync(path, `apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata: {}\nspec:\n${spec}`);
  return { path, directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

const none = { CALICO_CONFIG_DIR: '/nonexistent' };

test('the API server is the flag, else the environment, else the file, else the local socket', async (t) => {
  using config = writeConfig('  apiEndpoint: unix:/file\n');
  const env = { CALICO_CONFIG_DIR: config.directory, CALICO_API_SOCKET: '/env' };
  const addressOf = async (...[given, flags]: Parameters<typeof readApiSettings>) =>
    (await readApiSettings(given, flags)).endpoint.address;
  t.is(await addressOf(env, { api: 'http://127.0.0.1:8080' }), 'http://127.0.0.1:8080');
  t.is(await addressOf(env, {}), 'unix:/env');
  t.is(await addressOf({ CALICO_CONFIG_DIR: config.directory }, {}), 'unix:/file');
  t.is(await addressOf(none, { config: config.path }), 'unix:/file');
  t.is(await addressOf(none, {}), 'unix:/run/calico/api.sock');
  t.is(await addressOf({ ...none, CALICO_RUN_DIR: '/tmp/run' }, {}), 'unix:/tmp/run/api.sock');
});

test('an etcd in the environment or the file is gone to directly, unless an API server is named in front of it', async (t) => {
  using etcd = writeConfig('  datastoreType: etcdv3\n  etcdEndpoints: https://192.0.2.1:2379\n');
  using both = writeConfig('  apiEndpoint: unix:/file\n  etcdEndpoints: https://192.0.2.1:2379\n');
  const isDirect = async (env: Record<string, string>, flags: { config?: string; api?: string }) =>
    (await readApiSettings({ ...none, ...env }, flags)).isDirect === true;
  t.true(await isDirect({}, { config: etcd.path }));
  t.true(await isDirect({ ETCD_ENDPOINTS: 'http://192.0.2.1:2379' }, {}));
  t.true(await isDirect({ DATASTORE_TYPE: 'etcdv3' }, { config: both.path }));
  t.true(await isDirect({ CALICO_ETCD_ENDPOINTS: 'http://192.0.2.1:2379' }, { config: both.path }));
  t.false(await isDirect({}, { config: both.path }));
  t.false(await isDirect({ ETCD_ENDPOINTS: 'x', CALICO_API_SOCKET: '/x' }, {}));
  t.false(await isDirect({ ETCD_ENDPOINTS: 'x' }, { api: '/x' }));
  t.false(await isDirect({}, {}));
});

test('a configuration for Kubernetes is refused, unless it names an API server too', async (t) => {
  using kubernetes = writeConfig('  datastoreType: kubernetes\n  kubeconfig: /root/config\n');
  await t.throwsAsync(readApiSettings(none, { config: kubernetes.path }), {
    code: 'CLI_CONFIG',
    message: /of type kubernetes/,
  });
  await t.throwsAsync(readApiSettings({ ...none, DATASTORE_TYPE: 'kubernetes', ETCD_ENDPOINTS: 'x' }, {}), {
    code: 'CLI_CONFIG',
  });
  t.is((await readApiSettings(none, { config: kubernetes.path, api: '/x' })).endpoint.address, 'unix:/x');
});

test('the configuration file is read strictly', async (t) => {
  using config = writeConfig('  apiEndpiont: unix:/file\n');
  await t.throwsAsync(readApiSettings(none, { config: config.path }), {
    code: 'CLI_CONFIG',
    message: /field in document is not recognized.*: apiEndpiont$/,
  });
  await t.throwsAsync(readApiSettings(none, { config: '/nonexistent/cfg' }), {
    code: 'CLI_CONFIG',
    message: /^Error reading config file: \/nonexistent\/cfg/,
  });
});

test('`parseEndpoint()` takes sockets, loopback http and https', (t) => {
  t.deepEqual(parseEndpoint('unix:/a/b'), { address: 'unix:/a/b', isEncrypted: false, socketPath: '/a/b' });
  t.deepEqual(parseEndpoint('https://[2001:db8::1]'), {
    address: 'https://[2001:db8::1]',
    isEncrypted: true,
    host: '2001:db8::1',
    port: 5443,
  });
  for (const address of ['', 'nonsense', 'ftp://x', 'http://192.0.2.1:80', 'https://x/path', 'unix:']) {
    t.throws(() => parseEndpoint(address), { code: 'CLI_CONFIG' }, address);
  }
});
