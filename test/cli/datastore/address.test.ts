import test from 'ava';
import { findStore } from '#cli/datastore/address.ts';

const context = (env: Record<string, string>) => ({
  env: { CALICO_CONFIG_DIR: '/nonexistent', ...env },
  out() {},
  err() {},
  readStdin: async () => '',
  sleep: async () => {},
});

test('a store is looked for where the flag says, then where the environment says, then at home', async (t) => {
  const find = async (env: Record<string, string>, flags = {}) => (await findStore(context(env), flags)).address;
  t.is(await find({}), 'unix:/run/calico/etcd.sock');
  t.is(await find({ CALICO_RUN_DIR: '/x' }), 'unix:/x/etcd.sock');
  const servers = 'a:2379, http://b:2379,https://[fd00::1]:2379';
  t.is(await find({ ETCD_ENDPOINTS: servers }), 'http://a:2379,http://b:2379,https://[fd00::1]:2379');
  t.is(await find({ ETCD_ENDPOINTS: 'a:1', CALICO_ETCD_ENDPOINTS: 'b:1' }), 'http://b:1');
  t.is(await find({ ETCD_DISCOVERY_SRV: 'example.org' }), 'srv:example.org');
  t.is(await find({ ETCD_ENDPOINTS: 'a:1' }, { datastore: 'level:/d' }), 'level:/d');
  t.is(await find({ ETCD_ENDPOINTS: 'a:1' }, { dataDir: '/d' }), 'level:/d/store');
  await t.throwsAsync(find({ ETCD_ENDPOINTS: 'a:1', ETCD_DISCOVERY_SRV: 'b' }), { code: 'CLI_CONFIG' });
  await t.throwsAsync(find({ DATASTORE_TYPE: 'kubernetes' }), { code: 'CLI_CONFIG' });
});

test('certificates make bare endpoints https, and go with a user and a password', async (t) => {
  const env = { ETCD_ENDPOINTS: 'a:1', ETCD_CA_CERT_FILE: '/dev/null', ETCD_USERNAME: 'u', ETCD_PASSWORD: 'p' };
  const found = await findStore(context(env), {});
  t.is(found.address, 'https://a:1');
  t.deepEqual([found.username, found.password], ['u', 'p']);
  t.truthy(found.tls);
  await t.throwsAsync(findStore(context({ ...env, ETCD_CA_CERT_FILE: '/nowhere' }), {}), { code: 'CLI_CONFIG' });
});
