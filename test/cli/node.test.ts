/** `calicoctl node` and `cluster diags`: the agent's status, BIRD's sessions, and bundles without secrets. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseProtocols } from '#cli/node/bird.ts';
import { redact } from '#cli/node/redact.ts';
import { startIpamWorld } from './ipam-world.ts';
import { runCli } from './run-cli.ts';

const status = {
  node: 'web-1',
  version: '0.1.0',
  pid: 77,
  store: 'in-sync',
  storeConnection: { state: 'connected', sinceMs: 61_000 },
  sentRevision: 42,
  appliedRevision: 41,
  counts: { policies: 3, profiles: 1, workloadEndpoints: 2, hostEndpoints: 1 },
  certificates: [{ file: '/etc/calico/node.crt', endsAt: '2027-01-01T00:00:00.000Z' }],
  refusedPolicies: { 'GlobalNetworkPolicy/default/x': 'out of memory' },
  invalidObjects: {},
  configProblems: [],
};

const bird = `2002-Name       Proto      Table      State  Since         Info
1002-static1    Static     master4    up     12:00:00.000
 Mesh_192_0_2_7 BGP        ---        up     12:00:01.123  Established
 Node_192_0_2_9 BGP        ---        start  12:00:02      Active        Socket: Connection refused
 Global_192_0_2_8_port_1179 BGP ---   up     12:00:03      Established
0000
`;

const config = {
  node: 'web-1',
  parameters: [
    { name: 'HealthEnabled', value: 'true', source: 'environment', change: 'live' },
    {
      name: 'HealthPort',
      value: '9099',
      source: '/etc/calico/felix.cfg',
      change: 'live',
      problem: 'cannot use "x"; the default applies',
      overridden: [{ value: '9100', source: 'FelixConfiguration default' }],
    },
    {
      name: 'OpenstackRegion',
      value: '',
      source: 'default',
      change: 'restart',
      reason: 'part of the keys',
      inUse: 'n',
    },
    { name: 'XDPEnabled', value: 'false', source: 'environment', change: 'none', reason: 'needs eBPF' },
    { name: 'LogPrefix', value: 'calico-packet', source: 'default', change: 'live' },
  ],
  problems: ['healthprt: no such parameter (from environment); it is ignored'],
};

const decided = { kind: 'GlobalNetworkPolicy', namespace: '', name: 'web', tier: 'default', direction: 'ingress' };
const hits = {
  rules: [
    { ...decided, rule: 0, action: 'allow', packets: 2, bytes: 200 },
    { ...decided, rule: 1, action: 'allow', packets: 3, bytes: 300 },
    { ...decided, rule: 2, action: 'deny', packets: 4, bytes: 400 },
  ],
  stages: [{ stage: 'drop/reverse-path', packets: 5, bytes: 500 }],
};

/** A run directory with an agent, and BIRDs that answer with the texts given. */
async function withDirectory(birds: Readonly<Record<string, string>>, work: (directory: string) => Promise<void>) {
  const directory = mkdtempSync(join(tmpdir(), 'calico-cli-node-'));
  const pages: Readonly<Record<string, unknown>> = { '/status': status, '/config': config, '/hits': hits };
  const agent = createHttpServer(({ url = '' }, response) => response.end(JSON.stringify(pages[url]))).listen(
    join(directory, 'node.sock'),
  );
  const servers = Object.entries(birds).map(([name, answer]) =>
    createServer((socket) => {
      socket.write('0001 BIRD 2.0.12 ready.\n');
      socket.on('data', () => socket.write(answer));
      socket.on('error', () => undefined);
    }).listen(join(directory, name)),
  );
  try {
    await work(directory);
  } finally {
    agent.close();
    agent.closeAllConnections();
    for (const server of servers) server.close();
    rmSync(directory, { recursive: true });
  }
}

test('status tells of the agent, and of BGP only where BIRD runs', async (t) => {
  await withDirectory({}, async (directory) => {
    const { stdout, exitCode } = await runCli(['node', 'status'], { env: { CALICO_RUN_DIR: directory } });
    t.is(exitCode, 0);
    t.is(
      stdout,
      `Calico process is running.

Agent:        calico-node 0.1.0 on node web-1, process 77
Store:        connected for 61 s; in-sync
Kernel:       everything up to revision 41 of the store; being brought to 42
Policies:     3 active, 1 refused by the kernel
Profiles:     1
Endpoints:    2 workloads, 1 host endpoints
Certificate:  /etc/calico/node.crt ends 2027-01-01T00:00:00.000Z

Policies that the kernel refused:
  GlobalNetworkPolicy/default/x: out of memory
`,
    );
  });
});

test('status shows the sessions of a BIRD as upstream does', async (t) => {
  await withDirectory({ 'bird.ctl': bird }, async (directory) => {
    const { stdout } = await runCli(['node', 'status'], { env: { CALICO_RUN_DIR: directory } });
    t.true(
      stdout.endsWith(`
IPv4 BGP status
+--------------+-------------------+-------+--------------+-----------------------------------+
| PEER ADDRESS |     PEER TYPE     | STATE |    SINCE     |               INFO                |
+--------------+-------------------+-------+--------------+-----------------------------------+
| 192.0.2.7    | node-to-node mesh | up    | 12:00:01.123 | Established                       |
| 192.0.2.9    | node specific     | start | 12:00:02     | Active Socket: Connection refused |
| 192.0.2.8    | global            | up    | 12:00:03     | Established                       |
+--------------+-------------------+-------+--------------+-----------------------------------+

IPv6 BGP status
The BGP backend process (BIRD) is not running.
`),
      stdout,
    );
    const json = await runCli(['node', 'status', '-o', 'json'], { env: { CALICO_RUN_DIR: directory } });
    t.like(JSON.parse(json.stdout), { appliedRevision: 41, bgp: { ipv6: null } });
  });
  t.deepEqual(parseProtocols(' Mesh_fd00__7 BGP --- up 1 Established\n', 6)[0]?.address, 'fd00::7');
});

test('an agent that does not run is told of in upstream’s words', async (t) => {
  const answer = await runCli(['node', 'status'], { env: { CALICO_RUN_DIR: '/nonexistent' } });
  t.deepEqual(answer, { exitCode: 1, stdout: '', stderr: 'Calico process is not running.\n' });
});

test('node run says what to do instead', async (t) => {
  const answer = await runCli(['node', 'run', '--ip=192.0.2.1', '--node-image=x']);
  t.deepEqual([answer.exitCode, answer.stdout], [2, '']);
  t.regex(answer.stderr, /systemctl enable --now calico-node/);
});

const key = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIHUNTER2\nHUNTER2\n-----END EC PRIVATE KEY-----';
const secrets = [
  'ETCD_PASSWORD=HUNTER2',
  'export CALICO_ETCD_PASSWORD="HUNTER2 with blanks"',
  'K8S_API_TOKEN=HUNTER2',
  '  etcdPassword: HUNTER2',
  '  "etcdPassword": "HUNTER2",',
  '{"a":1,"password":"HUNTER2","b":2}',
  'authorization: Bearer HUNTER2HUNTER2',
  'token eyJhbGciOiJI.HUNTER2.HUNTER2',
  'ETCD_ENDPOINTS=https://me:HUNTER2@192.0.2.1:2379',
  'etcdctl --password HUNTER2 get x',
  'wireguardPrivateKey: HUNTER2',
  key,
];

test('`redact()` takes every secret out and leaves the rest', (t) => {
  for (const secret of secrets) t.false(redact(`a\n${secret}\nb`).includes('HUNTER2'), redact(secret));
  const plain =
    'ETCD_KEY_FILE=/etc/calico/node.key\nETCD_ENDPOINTS=https://192.0.2.1:2379\n{"sequenceNumber":3,"tokenFile":"/x"}\n';
  t.is(redact(plain.replace('"tokenFile"', '"file"')), plain.replace('"tokenFile"', '"file"'));
  t.is(redact('{"a":1,"password":"x","b":2}'), '{"a":1,"password":"<redacted>","b":2}');
});

test('node diags makes a bundle with a manifest and no secrets, whatever is missing', async (t) => {
  await withDirectory({}, async (directory) => {
    const config = join(directory, 'config');
    const logs = join(directory, 'logs');
    for (const made of [config, logs]) mkdirSync(made);
    writeFileSync(join(config, 'calico.env'), `FELIX_LOGSEVERITYSCREEN=info\n${secrets.join('\n')}\n`);
    writeFileSync(join(logs, 'felix.log'), 'line\nETCD_PASSWORD=HUNTER2\n');
    const env = {
      CALICO_RUN_DIR: directory,
      CALICO_DATA_DIR: directory,
      CALICO_CONFIG_DIR: config,
      PATH: process.env.PATH!,
    };
    const words = ['node', 'diags', '--log-dir', logs, '--output-dir', join(directory, 'out')];
    const { stdout, exitCode } = await runCli(words, { env });
    t.is(exitCode, 0);
    const bundle = /Diags saved to (\S+diags-\d{8}_\d{6}\.tar\.gz)/.exec(stdout)![1]!;
    const files = unpack(bundle, directory);
    const manifest = JSON.parse(files.get('manifest.json')!) as { entries: { file: string; problem?: string }[] };
    t.true(manifest.entries.length > 40);
    for (const { file, problem } of manifest.entries) t.true(files.has(file) || problem !== undefined, file);
    t.true(manifest.entries.some(({ file, problem }) => file === 'config/felix.cfg' && problem === 'is not there'));
    t.regex(files.get('config/calico.env')!, /FELIX_LOGSEVERITYSCREEN=info\nETCD_PASSWORD=<redacted>/);
    t.regex(files.get('daemons/agent-status.json')!, /"node":"web-1"/);
    t.regex(files.get('logs/felix.log')!, /^line\n/);
    t.regex(files.get('store/node-status')!, /Calico process is running/);
    for (const [file, text] of files) t.false(text.includes('HUNTER2'), file);
  });
});

test('cluster diags holds every kind, IPAM and the past, through the API alone', async (t) => {
  await using world = await startIpamWorld();
  const { stdout, stderr, exitCode } = await world.ctl(
    'cluster',
    'diags',
    '--output-dir',
    join(world.directory, 'out'),
  );
  t.deepEqual([exitCode, stderr], [0, '']);
  const files = unpack(/saved to (\S+)/.exec(stdout)![1]!, world.directory);
  t.regex(files.get('resources/ippools.json')!, /10\.77\.0\.0\/24/);
  t.like(JSON.parse(files.get('ipam/check.json')!), { counts: { allocations: 26 } });
  t.like(JSON.parse(files.get('history/ippools/v4.json')!), { kind: 'ResourceHistory' });
  t.false(
    (JSON.parse(files.get('manifest.json')!) as { entries: object[] }).entries.some((entry) => 'problem' in entry),
  );
});

/** Files of a bundle by their path in it. */
function unpack(bundle: string, directory: string): Map<string, string> {
  const target = mkdtempSync(join(directory, 'unpacked-'));
  execFileSync('tar', ['-xzf', bundle, '-C', target, '--strip-components=1']);
  const entries = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(target.length + 1), readFileSync(path, 'utf8')]));
}

/** Without the blanks at the ends of lines. */
const trimmed = (text: string) => text.replaceAll(/ +$/gm, '');

test('config shows what somebody set, where it comes from and what is to be said of it', async (t) => {
  await withDirectory({}, async (directory) => {
    const run = (...words: string[]) => runCli(['node', 'config', ...words], { env: { CALICO_RUN_DIR: directory } });
    const { stdout, exitCode } = await run();
    t.is(exitCode, 0);
    t.is(
      trimmed(stdout),
      `PARAMETER       VALUE   SOURCE                  NOTE
HealthEnabled   true    environment
HealthPort      9099    /etc/calico/felix.cfg   cannot use "x"; the default applies
XDPEnabled      false   environment             no effect here: needs eBPF

Problems:
  healthprt: no such parameter (from environment); it is ignored
`,
    );
    const all = (await run('--all')).stdout;
    t.regex(all, /LogPrefix +calico-packet +default/);
    t.regex(all, /OpenstackRegion +- +default +waits for the next start, until then n: part of the keys/);
    t.regex((await run('healthport')).stdout, /9100 +FelixConfiguration default +overridden/);
    t.deepEqual(
      JSON.parse((await run('HealthEnabled', '-o', 'json')).stdout).parameters.map(
        ({ name }: { name: string }) => name,
      ),
      ['HealthEnabled'],
    );
    const unknown = await run('HealthPrt');
    t.not(unknown.exitCode, 0);
    t.regex(unknown.stderr, /no parameter HealthPrt/);
  });
});

test('config says what the files say where no agent runs', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'calico-cli-config-'));
  writeFileSync(join(directory, 'felix.cfg'), 'HealthEnabled = true\nHealthPort = x\n');
  const env = { CALICO_RUN_DIR: directory, CALICO_CONFIG_DIR: directory };
  const { stdout, stderr, exitCode } = await runCli(['node', 'config'], { env });
  rmSync(directory, { recursive: true });
  t.is(exitCode, 0);
  t.regex(stderr, /no agent runs/);
  t.regex(stdout, /HealthEnabled +true +\S+felix\.cfg/);
  t.regex(stdout, /HealthPort +9099 +\S+felix\.cfg +cannot use "x"/);
});

test('hits are summed up by policy, or shown rule by rule', async (t) => {
  await withDirectory({}, async (directory) => {
    const run = (...words: string[]) => runCli(['node', 'hits', ...words], { env: { CALICO_RUN_DIR: directory } });
    t.is(
      trimmed((await run()).stdout),
      `KIND                  NAMESPACE   NAME   DIRECTION   ACTION   PACKETS   BYTES
GlobalNetworkPolicy   -           web    ingress     allow    5         500
GlobalNetworkPolicy   -           web    ingress     deny     4         400

STAGE               PACKETS   BYTES
drop/reverse-path   5         500
`,
    );
    t.regex((await run('--rules')).stdout, /web +ingress +1 +allow +3 +300/);
    t.deepEqual(JSON.parse((await run('-o', 'json')).stdout), hits);
  });
});
