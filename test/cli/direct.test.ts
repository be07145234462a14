/** calicoctl straight to a real etcd: the same answers as through an API server over that etcd, with TLS and users, and watching. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { execa } from 'execa';
import { calicoctlKinds, kindOf } from '#appliance/resources/registry.ts';
import { openDirectTransport } from '#cli/direct/transport.ts';
import { createAuthority } from '../appliance/datastore/etcd/authority.ts';
import { startEtcd } from '../appliance/datastore/etcd/etcd-server.ts';
import { realisticManifests } from '../appliance/resources/realistic-manifests.ts';
import { readEntries } from '../interop/golden.ts';
import { runCli } from './run-cli.ts';

const root = new URL('../../', import.meta.url).pathname;
const run = promisify(execFile);

/** An etcd with IPAM as Calico's client left it, and an API server over it. */
async function startWorld() {
  const etcd = await startEtcd();
  const directory = mkdtempSync(join(tmpdir(), 'calico-cli-direct-'));
  const direct = { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: etcd.endpoint };
  const served = { CALICO_RUN_DIR: join(directory, 'run'), CALICO_DATA_DIR: directory, CALICO_CONFIG_DIR: directory };
  const server = spawn(`${root}bin/calico-apiserver`, {
    env: { ...process.env, ...direct, ...served },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'exit');
  for await (const chunk of server.stdout) if (String(chunk).includes('"serving"')) break;
  server.stdout.resume();
  return {
    directory,
    direct: (words: readonly string[], stdin = '') => runCli(words, { env: direct, stdin }),
    served: (words: readonly string[], stdin = '') => runCli(words, { env: served, stdin }),
    process: (words: readonly string[]) => execa(`${root}bin/calicoctl`, words, { env: direct, reject: false }),
    endpoint: etcd.endpoint,
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM');
      await ended;
      await etcd[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    },
  };
}

test('every kind is written and read as through an API server, byte for byte', async (t) => {
  await using world = await startWorld();
  const written = realisticManifests
    .map(({ manifest }) => manifest as unknown as { kind: string })
    .filter(({ kind }) => calicoctlKinds.some((one) => one.kind === kind) && kindOf(kind)!.isReadOnly !== true);
  const all = written.map((manifest) => JSON.stringify(manifest)).join('\n---\n');
  const applied = await world.direct(['apply', '-f', '-'], all);
  t.deepEqual([applied.exitCode, applied.stderr], [0, '']);
  for (const kind of calicoctlKinds) {
    for (const output of ['ps', 'wide', 'json', 'yaml']) {
      const words = ['get', kind.plural, '-o', output, ...(kind.isNamespaced ? ['-A'] : [])];
      const answer = await world.direct(words);
      t.is(answer.exitCode, 0, answer.stderr);
      t.deepEqual(answer, await world.served(words));
    }
  }
  t.true((await world.served(['get', 'gnp', '-o', 'json'])).stdout.length > 100);
});

test('refusals and exit codes are the same', async (t) => {
  await using world = await startWorld();
  const commands: [string[], string?][] = [
    [['get', 'gnp', 'none']],
    [['delete', 'tier', 'default']],
    [
      ['create', '-f', '-'],
      '{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},"spec":{}}',
    ],
    [
      ['create', '-f', '-'],
      '{"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":"p"},"spec":{"cidr":"x"}}',
    ],
    [['ipam', 'show', '--ip=10.0.0.x']],
    [['ipam', 'split', '2', '--name=none']],
  ];
  for (const [words, stdin] of commands) {
    const answer = await world.direct(words, stdin);
    t.not(answer.exitCode, 0, words.join(' '));
    t.deepEqual(answer, await world.served(words, stdin), words.join(' '));
  }
});

test('IPAM that Calico’s client wrote is shown, and released, without a server', async (t) => {
  await using world = await startWorld();
  const words = ['--endpoints', world.endpoint, 'put'];
  for (const { key, value } of readEntries('ipam.txt'))
    await run('etcdctl', [...words, '--', key, value], { env: { ...process.env, ETCDCTL_API: '3' } });
  for (const flag of ['--show-blocks', '--show-borrowed', '--show-configuration', '--ip=10.77.0.240']) {
    const shown = await world.direct(['ipam', 'show', flag]);
    t.is(shown.exitCode, 0, shown.stderr);
    t.deepEqual(shown, await world.served(['ipam', 'show', flag]));
  }
  const released = await world.process(['ipam', 'release', '--ip=10.77.0.240']);
  t.is(released.stdout, 'Successfully released IP address 10.77.0.240');
  t.is((await world.served(['ipam', 'show', '--ip=10.77.0.240'])).stdout, '10.77.0.240 is not assigned\n');
});

test('a watch streams', async (t) => {
  await using world = await startWorld();
  const context = {
    env: { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: world.endpoint, CALICO_CONFIG_DIR: world.directory },
  };
  const transport = await openDirectTransport(context as never, {});
  const stop = new AbortController();
  const { status, lines } = await transport.stream('/apis/projectcalico.org/v3/tiers?watch=1', stop.signal);
  t.is(status, 200);
  const seen: string[] = [];
  const reading = (async () => {
    for await (const line of lines) {
      seen.push((JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name);
      if (seen.at(-1) === 'two') stop.abort();
    }
  })();
  for (const name of ['one', 'two'])
    await world.served(
      ['create', '-f', '-'],
      `{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"${name}"},"spec":{"order":7}}`,
    );
  await reading;
  transport.close();
  t.deepEqual(seen.slice(-2), ['one', 'two']);
});

test('client certificates and users open an etcd; the configuration file may hold them', async (t) => {
  using ca = createAuthority();
  for (const name of ['server', 'client']) ca.certificate('ca', name);
  const tls = ['--cert-file', ca.path('server.crt'), '--key-file', ca.path('server.key')];
  const mutual = [...tls, '--client-cert-auth', '--trusted-ca-file', ca.path('ca.crt'), '--bcrypt-cost', '4'];
  await using etcd = await startEtcd({ scheme: 'https', flags: mutual });
  const files = ['--cacert', ca.path('ca.crt'), '--cert', ca.path('client.crt'), '--key', ca.path('client.key')];
  for (const command of [
    'user add root:secret',
    'user grant-role root root',
    'role add calico',
    'role grant-permission calico readwrite /calico/ /calico0',
    'user add ctl:first',
    'user grant-role ctl calico',
    'auth enable',
  ])
    await run('etcdctl', ['--endpoints', etcd.endpoint, ...files, ...command.split(' ')], {
      env: { ...process.env, ETCDCTL_API: '3' },
    });
  const directory = mkdtempSync(join(tmpdir(), 'calico-cli-direct-'));
  const config = join(directory, 'calicoctl.cfg');
  const spec = {
    datastoreType: 'etcdv3',
    etcdEndpoints: etcd.endpoint,
    etcdUsername: 'ctl',
    etcdPassword: 'first',
    etcdCACertFile: ca.path('ca.crt'),
    etcdCert: ca.pem('client.crt').toString(),
    etcdKey: ca.pem('client.key').toString(),
  };
  writeFileSync(
    config,
    JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind: 'CalicoAPIConfig', metadata: {}, spec }),
  );
  const tier = '{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"t"},"spec":{"order":7}}';
  const made = await runCli(['create', '-f', '-', '--config', config], { stdin: tier });
  t.deepEqual([made.exitCode, made.stdout], [0, "Successfully created 1 'Tier' resource(s)\n"], made.stderr);
  const shown = await runCli(['get', 'tiers', '--config', config]);
  t.regex(shown.stdout, /^t +7/m);
  t.regex(shown.stdout, /^default /m, 'the store was initialised before the first change');
  const wrong = await runCli(['get', 'tiers', '--config', config], { env: { ETCD_PASSWORD: 'other' } });
  t.is(wrong.exitCode, 6, wrong.stderr);
  rmSync(directory, { recursive: true });
});

test('an etcd that is not there is told of, with its own exit code', async (t) => {
  const answer = await runCli(['get', 'tiers'], { env: { ETCD_ENDPOINTS: 'http://127.0.0.1:9' } });
  t.is(answer.exitCode, 6);
  t.regex(answer.stderr, /127\.0\.0\.1:9/);
});
