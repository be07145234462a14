import test from 'ava';
import { readApiSettings } from '#appliance/api-settings.ts';
import type { Problem } from '#appliance/lib/problem.ts';

const directories = { configDir: '/etc/calico', dataDir: '/var/lib/calico' };

test('readApiSettings() has defaults for everything', (t) => {
  const problems: Problem[] = [];
  const settings = readApiSettings({}, directories, problems);
  t.deepEqual(problems, []);
  t.is(settings.tokens.keyFile, '/var/lib/calico/token.key');
  t.is(settings.enrolment.caKeyFile, '/etc/calico/ca.key');
  t.is(settings.limits.bodyBytesMax, 8_388_608);
  t.is(settings.connections.drainDelayMs, 0);
});

test('readApiSettings() reads counts, times, bytes and addresses', (t) => {
  const given = {
    CALICO_API_RATE: '0',
    CALICO_API_BODY_MAX: '16K',
    CALICO_DRAIN_TIMEOUT: '2m',
    CALICO_API_ADVERTISE: 'https://a.example:5443, https://[fd00::1]:5443',
  };
  const problems: Problem[] = [];
  const { limits, connections, enrolment } = readApiSettings(given, directories, problems);
  t.deepEqual(problems, []);
  t.deepEqual([limits.ratePerSecond, limits.bodyBytesMax, connections.drainTimeoutMs], [0, 16_384, 120_000]);
  t.deepEqual(enrolment.advertiseApi, ['https://a.example:5443', 'https://[fd00::1]:5443']);
});

const wrong: readonly (readonly [string, string])[] = [
  ['CALICO_API_RATE', '-1'],
  ['CALICO_API_WATCHES', '0'],
  ['CALICO_API_BODY_MAX', '8G'],
  ['CALICO_API_STALL_TIMEOUT', '30'],
  ['CALICO_TOKEN_LIFETIME_MAX', '5m'],
  ['CALICO_TOKEN_AUDIENCE', 'a b'],
  ['CALICO_NODE_CERT_LIFETIME', '1s'],
  ['CALICO_API_ADVERTISE', 'http://a:1'],
];

for (const [name, value] of wrong)
  test(`readApiSettings() refuses ${name}=${value} by its name`, (t) => {
    const problems: Problem[] = [];
    readApiSettings({ [name]: value }, directories, problems);
    t.is(problems.length, 1);
    t.is(problems[0]?.path, name);
    t.is(problems[0]?.value, value);
  });
