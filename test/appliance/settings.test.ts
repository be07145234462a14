import test from 'ava';
import { readSettings } from '#appliance/settings.ts';

function settings(environment: Record<string, string>, file = '') {
  const result = readSettings(environment, file, 'Host-1');
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

function paths(environment: Record<string, string>): string[] {
  const result = readSettings(environment, '', 'h');
  return result.ok ? [] : result.problems.map((problem) => problem.path);
}

test('readSettings() has a default for everything', (t) => {
  t.like(settings({}), {
    datastoreType: 'embedded',
    configDir: '/etc/calico',
    dataDir: '/var/lib/calico',
    history: { revisions: 10_000, ageMs: 600_000 },
    apiListen: [{ type: 'unix', path: '/run/calico/api.sock' }],
    etcdListen: ['unix:/run/calico/etcd.sock'],
    nodename: 'host-1',
    logLevel: 'info',
  });
});

test('readSettings() takes the environment before the file, and an empty variable for none', (t) => {
  const file = 'CALICO_RUN_DIR=/srv/run\nNODENAME="from file" # a comment\nCALICO_LOG_LEVEL=debug\n';
  const value = settings({ NODENAME: 'Env', CALICO_LOG_LEVEL: '' }, file);
  t.is(value.nodename, 'Env');
  t.is(value.logLevel, 'debug');
  t.deepEqual(value.apiListen, [{ type: 'unix', path: '/srv/run/api.sock' }]);
  t.is(settings({}, file).nodename, 'from file');
});

test('readSettings() reads several listeners of all forms', (t) => {
  const list = 'unix:/a.sock, http://[::1]:8080,https://0.0.0.0:5443';
  t.deepEqual(settings({ CALICO_API_LISTEN: list }).apiListen, [
    { type: 'unix', path: '/a.sock' },
    { type: 'http', host: '::1', port: 8080 },
    { type: 'https', host: '0.0.0.0', port: 5443 },
  ]);
});

for (const listen of [
  'unix:relative',
  'tcp://1.2.3.4:5',
  'http://10.0.0.1:80',
  'https://a:99999',
  `unix:/${'x'.repeat(107)}`,
])
  test(`readSettings() refuses to listen on ${listen.slice(0, 30)}`, (t) => {
    t.deepEqual(paths({ CALICO_API_LISTEN: listen }), ['CALICO_API_LISTEN']);
  });

test('readSettings() names every wrong variable at once', (t) => {
  const wrong = { DATASTORE_TYPE: 'etcdv3', ETCD_USERNAME: 'me', ETCD_CERT_FILE: '/c', CALICO_LOG_LEVEL: 'loud' };
  t.deepEqual(paths(wrong), ['CALICO_LOG_LEVEL', 'ETCD_ENDPOINTS', 'ETCD_USERNAME', 'ETCD_CERT_FILE']);
});

test('readSettings() prefers the CALICO_ form of etcd settings, as calicoctl does', (t) => {
  const { etcd } = settings({ CALICO_ETCD_ENDPOINTS: 'http://a:2379, http://b:2379', ETCD_ENDPOINTS: 'http://c:2379' });
  t.deepEqual(etcd.endpoints, ['http://a:2379', 'http://b:2379']);
});

test('readSettings() takes etcd servers by name or by discovery, and not both', (t) => {
  const given = { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'http://a:2379', ETCD_DISCOVERY_SRV: 'example.test' };
  t.deepEqual(paths(given), ['ETCD_DISCOVERY_SRV']);
  t.deepEqual(paths({ ...given, ETCD_ENDPOINTS: '' }), []);
  t.deepEqual(paths({ DATASTORE_TYPE: 'etcdv3', FELIX_EtcdAddr: 'a:2379' }), []);
  t.deepEqual(paths({ ...given, ETCD_DISCOVERY_SRV: '', ETCD_ENDPOINTS: 'ftp://a:1,a,https://[::1]:2379/,unix:/a' }), [
    'ETCD_ENDPOINTS',
    'ETCD_ENDPOINTS',
  ]);
});

test('readSettings() reads how much of the past is kept', (t) => {
  const given = settings({ CALICO_HISTORY_REVISIONS: '250', CALICO_HISTORY_AGE: '36h' });
  t.deepEqual(given.history, { revisions: 250, ageMs: 36 * 3_600_000 });
  const limits = settings({ CALICO_HISTORY_REVISIONS: '10000000', CALICO_HISTORY_AGE: '366d' });
  t.deepEqual(limits.history, { revisions: 10_000_000, ageMs: 366 * 86_400_000 });
});

for (const [name, value] of [
  ['CALICO_HISTORY_REVISIONS', '99'],
  ['CALICO_HISTORY_REVISIONS', '10000001'],
  ['CALICO_HISTORY_REVISIONS', '1e3'],
  ['CALICO_HISTORY_AGE', '10'],
  ['CALICO_HISTORY_AGE', '0m'],
  ['CALICO_HISTORY_AGE', '367d'],
  ['CALICO_HISTORY_AGE', '-1h'],
] as const)
  test(`readSettings() refuses ${name}=${value}`, (t) => {
    t.deepEqual(paths({ [name]: value }), [name]);
  });
