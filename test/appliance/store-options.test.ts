import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type Environment, readSettings } from '#appliance/settings.ts';
import { clientStore, keeperStore } from '#appliance/store-options.ts';

const none: ReadonlyMap<string, string> = new Map();

function settings(environment: Environment) {
  const result = readSettings(environment, '', 'host');
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

test('`keeperStore()` opens the embedded store itself, `clientStore()` goes by its socket', (t) => {
  const value = settings({ CALICO_DATA_DIR: '/data', CALICO_ETCD_LISTEN: 'http://127.0.0.1:2379,unix:/run/x.sock' });
  t.deepEqual(keeperStore(value), { address: 'level:/data/store', history: { revisions: 10_000, ageMs: 600_000 } });
  t.deepEqual(clientStore(value, none), { address: 'unix:/run/x.sock' });
});

test('both open the etcd that is named, with its user', (t) => {
  const value = settings({
    DATASTORE_TYPE: 'etcdv3',
    ETCD_ENDPOINTS: '10.0.0.1:2379,http://[fd00::1]:2379',
    CALICO_ETCD_USERNAME: 'agent',
    ETCD_USERNAME: 'other',
    ETCD_PASSWORD: 'secret',
  });
  const expected = { address: 'http://10.0.0.1:2379,http://[fd00::1]:2379', username: 'agent', password: 'secret' };
  t.deepEqual(keeperStore(value), expected);
  t.deepEqual(clientStore(value, none), expected);
});

test('a bare address is asked over TLS when there are certificates, which are read at each connection', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'calico-options-'));
  const [ETCD_CA_CERT_FILE, ETCD_CERT_FILE, ETCD_KEY_FILE] = ['ca', 'cert', 'key'].map((name) => {
    writeFileSync(join(folder, name), name);
    return join(folder, name);
  });
  const value = settings({
    DATASTORE_TYPE: 'etcdv3',
    ETCD_ENDPOINTS: '10.0.0.1:2379',
    ETCD_CA_CERT_FILE,
    ETCD_CERT_FILE,
    ETCD_KEY_FILE,
  });
  const { address, tls } = keeperStore(value);
  t.is(address, 'https://10.0.0.1:2379');
  const read = tls as () => Record<string, Buffer>;
  t.is(read().ca?.toString(), 'ca');
  writeFileSync(join(folder, 'ca'), 'new');
  t.deepEqual(Object.values(read()).map(String), ['new', 'cert', 'key']);
  rmSync(folder, { recursive: true });
  t.throws(() => keeperStore(value), { message: /ENOENT.*ca/ });
});

test("Felix's own names come first for the agent, and mean nothing to the keeper", (t) => {
  const value = settings({ DATASTORE_TYPE: 'etcdv3', ETCD_DISCOVERY_SRV: 'example.test' });
  t.is(keeperStore(value).address, 'srv:example.test');
  t.is(clientStore(value, none).address, 'srv:example.test');
  const felix = (values: Record<string, string>) => clientStore(value, new Map(Object.entries(values))).address;
  t.is(felix({ etcdaddr: '10.0.0.9:2379' }), 'http://10.0.0.9:2379');
  t.is(felix({ etcdaddr: '10.0.0.9:2379', etcdscheme: 'https' }), 'https://10.0.0.9:2379');
  t.is(felix({ etcdaddr: '10.0.0.9:2379', etcdendpoints: 'http://a:1, http://b:2' }), 'http://a:1,http://b:2');
});

test('a kind of datastore that has no store here is refused', (t) => {
  const value = settings({ DATASTORE_TYPE: 'kubernetes' });
  t.throws(() => keeperStore(value), { message: /^DATASTORE_TYPE: / });
  t.throws(() => clientStore(value, none), { message: /^DATASTORE_TYPE: / });
});
