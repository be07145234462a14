/** Every sentence of calicoctl's create, apply, replace, delete, patch and get, on the stream and with the exit code it belongs to. */
import test from 'ava';
import { type FakeApiServer, startFakeApiServer, status } from './fake-api-server.ts';
import { type CliRun, runCli } from './run-cli.ts';

interface Row {
  readonly title: string;
  readonly words: readonly string[];
  readonly stdin?: string;
  readonly exitCode: number;
  readonly stdout?: string;
  readonly stderr?: string | RegExp;
  readonly before?: (server: FakeApiServer) => void;
  readonly after?: (t: { is(a: unknown, b: unknown): void }, server: FakeApiServer) => void;
}

const header = 'apiVersion: projectcalico.org/v3\n';
const set = (name: string, net = '10.0.0.0/8') =>
  `${header}kind: GlobalNetworkSet\nmetadata:\n  name: ${name}\nspec:\n  nets: [${net}]\n`;
const tier = (name: string) => `${header}kind: Tier\nmetadata:\n  name: ${name}\nspec:\n  order: 10\n`;
const stored = (name: string, spec: object = { nets: ['10.0.0.0/8'] }) => ({
  kind: 'GlobalNetworkSet',
  apiVersion: 'projectcalico.org/v3',
  metadata: { name },
  spec,
});
const file = ['-f', '-'];
const put =
  (...names: string[]) =>
  (server: FakeApiServer) => {
    for (const name of names) server.put('globalnetworksets', stored(name));
  };

const rows: readonly Row[] = [
  {
    title: 'create of one',
    words: ['create', ...file],
    stdin: set('a'),
    exitCode: 0,
    stdout: "Successfully created 1 'GlobalNetworkSet' resource(s)\n",
  },
  {
    title: 'create of several of one kind',
    words: ['create', ...file],
    stdin: `${set('a')}---\n${set('b')}`,
    exitCode: 0,
    stdout: "Successfully created 2 'GlobalNetworkSet' resource(s)\n",
  },
  {
    title: 'create of one that exists',
    words: ['create', ...file],
    stdin: set('a'),
    before: put('a'),
    exitCode: 5,
    stderr:
      'failed to create \'GlobalNetworkSet\' resource: [resource already exists: GlobalNetworkSet(a) with error: "a" already exists]\n',
  },
  {
    title: 'create of one that exists with --skip-exists',
    words: ['create', '--skip-exists', ...file],
    stdin: set('a'),
    before: put('a'),
    exitCode: 0,
    stdout: "Successfully created 1 'GlobalNetworkSet' resource(s)\n",
  },
  {
    title: 'create of several that exist',
    words: ['create', ...file],
    stdin: `${set('a')}---\n${set('b')}`,
    before: put('a', 'b'),
    exitCode: 5,
    stderr:
      'failed to create any \'GlobalNetworkSet\' resources: [resource already exists: GlobalNetworkSet(a) with error: "a" already exists ' +
      'resource already exists: GlobalNetworkSet(b) with error: "b" already exists]\n',
  },
  {
    title: 'create of mixed kinds that all fail',
    words: ['create', ...file],
    stdin: `${set('a')}---\n${tier('t')}`,
    before: (server) => {
      server.intercept = (method) => (method === 'POST' ? status(500, 'InternalError', 'disk full') : undefined);
    },
    exitCode: 1,
    stderr: 'failed to create any resources: [disk full disk full]\n',
  },
  {
    title: 'create of which some work',
    words: ['create', ...file],
    stdin: `${set('a')}---\n${set('b')}---\n${set('c')}`,
    before: put('b'),
    exitCode: 3,
    stdout: "Partial success: created the first 2 out of 3 'GlobalNetworkSet' resources:\n",
    stderr: 'hit error: [resource already exists: GlobalNetworkSet(b) with error: "b" already exists]\n',
  },
  {
    title: 'create with a resourceVersion',
    words: ['create', ...file],
    stdin: set('a').replace('name: a', 'name: a\n  resourceVersion: "7"'),
    exitCode: 1,
    stderr:
      "failed to create 'GlobalNetworkSet' resource: [error with field metadata.resourceVersion = '7' (must not be set for a create request)]\n",
  },
  {
    title: 'apply of mixed kinds',
    words: ['apply', ...file],
    stdin: `${tier('t')}---\n${set('a')}---\n${set('b')}`,
    before: put('a'),
    exitCode: 0,
    stdout: 'Successfully applied 3 resource(s)\n',
  },
  {
    title: 'apply of what is there already writes nothing',
    words: ['apply', ...file],
    stdin: set('a'),
    before: put('a'),
    exitCode: 0,
    stdout: "Successfully applied 1 'GlobalNetworkSet' resource(s)\n",
    after: (t, server) => t.is(server.requests.filter((request) => request.startsWith('PUT')).length, 0),
  },
  {
    title: 'apply replaces the whole spec, labels and annotations',
    words: ['apply', ...file],
    stdin: set('a', '192.0.2.0/24').replace('name: a', 'name: a\n  labels: {x: "1"}'),
    before: (server) =>
      server.put('globalnetworksets', {
        ...stored('a'),
        metadata: { name: 'a', labels: { old: 'y' }, annotations: { old: 'y' }, finalizers: ['keep'] },
      }),
    exitCode: 0,
    stdout: "Successfully applied 1 'GlobalNetworkSet' resource(s)\n",
    after: (t, server) => {
      const { metadata, spec } = [...server.objects.values()][0] as unknown as {
        metadata: Record<string, unknown>;
        spec: object;
      };
      t.is(
        JSON.stringify([spec, metadata.labels, metadata.annotations, metadata.finalizers]),
        '[{"nets":["192.0.2.0/24"]},{"x":"1"},null,["keep"]]',
      );
    },
  },
  {
    title: 'apply with a stale resourceVersion',
    words: ['apply', ...file],
    stdin: set('a', '192.0.2.0/24').replace('name: a', 'name: a\n  resourceVersion: "7"'),
    before: put('a'),
    exitCode: 5,
    stderr: "failed to apply 'GlobalNetworkSet' resource: [update conflict: GlobalNetworkSet(a)]\n",
  },
  {
    title: 'apply tries a conflict five more times and then gives up',
    words: ['apply', ...file],
    stdin: set('a', '192.0.2.0/24'),
    before: (server) => {
      put('a')(server);
      server.intercept = (method) => (method === 'PUT' ? status(409, 'Conflict', 'modified') : undefined);
    },
    exitCode: 5,
    stderr: "failed to apply 'GlobalNetworkSet' resource: [update conflict: GlobalNetworkSet(a)]\n",
    after: (t, server) => t.is(server.requests.filter((request) => request.startsWith('PUT')).length, 6),
  },
  {
    title: 'replace of one that is missing',
    words: ['replace', ...file],
    stdin: set('a'),
    exitCode: 4,
    stderr:
      'failed to replace \'GlobalNetworkSet\' resource: [resource does not exist: GlobalNetworkSet(a) with error: "a" not found]\n',
  },
  {
    title: 'replace of which some are missing',
    words: ['replace', ...file],
    stdin: `${set('a', '192.0.2.0/24')}---\n${set('b')}`,
    before: put('a'),
    exitCode: 3,
    stdout: "Partial success: replaced the first 1 out of 2 'GlobalNetworkSet' resources:\n",
    stderr: 'hit error: [resource does not exist: GlobalNetworkSet(b) with error: "b" not found]\n',
  },
  {
    title: 'rules broken at the server',
    words: ['create', ...file],
    stdin: set('a'),
    before: (server) => {
      server.intercept = (method) =>
        method === 'POST'
          ? status(422, 'Invalid', 'invalid', { 'spec.nets': 'too wide', 'metadata.name': 'taken' })
          : undefined;
    },
    exitCode: 1,
    stderr:
      "failed to create 'GlobalNetworkSet' resource: [error with the following fields:\n-  spec.nets (too wide)\n-  metadata.name (taken)]\n",
  },
  {
    title: 'rules broken in the file',
    words: ['apply', ...file],
    stdin: `${set('a', 'nonsense')}---\n${set('b')}`,
    exitCode: 3,
    stdout: "Partial success: applied the first 1 out of 2 'GlobalNetworkSet' resources:\n",
    stderr: /^hit error: \[error with field spec\.nets\[0\] = 'nonsense' \(.+\)\]\n$/,
  },
  {
    title: 'an unknown field stops everything before the first write',
    words: ['apply', ...file],
    stdin: `${set('a')}---\n${set('b').replace('nets:', 'netz:')}`,
    exitCode: 1,
    stderr:
      'failed to execute command: <stdin>:8: field in document is not recognized or is in the wrong location: spec.netz\n',
    after: (t, server) => t.is(server.objects.size, 0),
  },
  {
    title: 'an unknown kind stops everything before the first write',
    words: ['create', ...file],
    stdin: `${set('a')}---\n${header}kind: Pod\nmetadata:\n  name: x\n`,
    exitCode: 1,
    stderr: 'failed to execute command: <stdin>:8: unknown resource type (Pod) and/or version (projectcalico.org/v3)\n',
    after: (t, server) => t.is(server.objects.size, 0),
  },
  {
    title: 'malformed YAML',
    words: ['create', ...file],
    stdin: 'kind: [\n',
    exitCode: 1,
    stderr: /^failed to execute command: <stdin>:\d+:\d+: /,
  },
  {
    title: 'an empty file',
    words: ['create', ...file],
    stdin: '---\n# nothing\n',
    exitCode: 1,
    stderr: 'failed to execute command: no resources specified in file -\n',
  },
  {
    title: 'an empty file with --skip-empty',
    words: ['create', '--skip-empty', ...file],
    stdin: '',
    exitCode: 0,
    stdout: 'No resources specified\n',
  },
  {
    title: 'delete by name',
    words: ['delete', 'gnetsets', 'a', 'b'],
    before: put('a', 'b'),
    exitCode: 0,
    stdout: "Successfully deleted 2 'GlobalNetworkSet' resource(s)\n",
    after: (t, server) => t.is(server.objects.size, 0),
  },
  {
    title: 'delete of which some are missing',
    words: ['delete', 'gnetsets', 'a', 'b', 'c'],
    before: put('b'),
    exitCode: 3,
    stdout: "Successfully deleted 1 'GlobalNetworkSet' resource(s)\n",
    stderr:
      'Failed to delete \'GlobalNetworkSet\' resource: resource does not exist: GlobalNetworkSet(a) with error: "a" not found\n' +
      'Failed to delete \'GlobalNetworkSet\' resource: resource does not exist: GlobalNetworkSet(c) with error: "c" not found\n',
  },
  {
    title: 'delete of one that is missing',
    words: ['delete', 'gnetsets', 'a'],
    exitCode: 4,
    stderr:
      'Failed to delete \'GlobalNetworkSet\' resource: resource does not exist: GlobalNetworkSet(a) with error: "a" not found\n',
  },
  {
    title: 'delete of one that is missing with --skip-not-exists',
    words: ['delete', 'gnetsets', 'a', '-s'],
    exitCode: 0,
    stdout: "Successfully deleted 1 'GlobalNetworkSet' resource(s)\n",
  },
  {
    title: 'delete by file',
    words: ['delete', ...file],
    stdin: `${set('a')}---\n${set('b')}`,
    before: put('a', 'b'),
    exitCode: 0,
    stdout: "Successfully deleted 2 'GlobalNetworkSet' resource(s)\n",
  },
  {
    title: 'delete without a name',
    words: ['delete', 'gnetsets'],
    exitCode: 2,
    stderr: 'delete needs the names of the resources: delete KIND NAME...\n',
  },
  { title: 'a blank name', words: ['get', 'gnetsets', ''], exitCode: 1, stderr: 'resource name may not be empty\n' },
  {
    title: 'a read-only kind',
    words: ['delete', 'clusterinfo', 'default'],
    exitCode: 1,
    stderr:
      "Failed to delete 'ClusterInformation' resource: operation delete is not supported on ClusterInformation(default): resource is readonly\n",
  },
  {
    title: 'a policy that Kubernetes owns',
    words: ['delete', 'np', 'knp.default.web', '-n', 'shop'],
    exitCode: 1,
    stderr:
      "Failed to delete 'NetworkPolicy' resource: operation delete is not supported on NetworkPolicy(shop/knp.default.web): " +
      'kubernetes network policies must be managed through the kubernetes API\n',
  },
  {
    title: 'an unknown kind by word',
    words: ['get', 'pods'],
    exitCode: 2,
    stderr: "resource type 'pods' is not supported\n",
  },
  {
    title: 'patch',
    words: ['patch', 'gnetsets', 'a', '-p', '{"spec":{"nets":["192.0.2.0/24"]}}'],
    before: put('a'),
    exitCode: 0,
    stdout: "Successfully patched 1 'GlobalNetworkSet' resource\n",
    after: (t, server) => t.is(JSON.stringify([...server.objects.values()][0]?.spec), '{"nets":["192.0.2.0/24"]}'),
  },
  {
    title: 'patch of one that is missing',
    words: ['patch', 'gnetsets', 'a', '-p', '{}'],
    exitCode: 4,
    stderr: 'hit error: resource does not exist: GlobalNetworkSet(a) with error: "a" not found\n',
  },
  {
    title: 'patch of type json',
    words: [
      'patch',
      'gnetsets',
      'a',
      '-t',
      'json',
      '-p',
      '[{"op":"add","path":"/spec/nets/-","value":"192.0.2.1/32"}]',
    ],
    before: put('a'),
    exitCode: 0,
    stdout: "Successfully patched 1 'GlobalNetworkSet' resource\n",
    after: (t, server) =>
      t.is(JSON.stringify([...server.objects.values()][0]?.spec), '{"nets":["10.0.0.0/8","192.0.2.1/32"]}'),
  },
  {
    title: 'patch that does not fit',
    words: ['patch', 'gnetsets', 'a', '-t', 'json', '-p', '[{"op":"remove","path":"/spec/none"}]'],
    before: put('a'),
    exitCode: 1,
    stderr: 'hit error: the patch does not fit: operation 0: /spec/none does not exist\n',
  },
  {
    title: 'label',
    words: ['label', 'gnetsets', 'a', 'x=1', 'y=2'],
    before: put('a'),
    exitCode: 0,
    stdout: 'Successfully set label x on gnetsets a\nSuccessfully set label y on gnetsets a\n',
    after: (t, server) =>
      t.is(
        JSON.stringify(([...server.objects.values()][0]!.metadata as { labels?: object }).labels),
        '{"x":"1","y":"2"}',
      ),
  },
  {
    title: 'label that has another value',
    words: ['label', 'gnetsets', 'a', 'y=2', 'x=1'],
    before: (server) =>
      server.put('globalnetworksets', { ...stored('a'), metadata: { name: 'a', labels: { x: '0' } } }),
    exitCode: 1,
    stderr:
      "failed to update label of gnetsets a, key x is already present. please use '--overwrite' to set a new value\n",
    after: (t, server) =>
      t.is(
        server.requests.some((request) => request.startsWith('PUT')),
        false,
      ),
  },
  {
    title: 'label with --overwrite',
    words: ['label', 'gnetsets', 'a', 'x=1', '--overwrite'],
    before: (server) =>
      server.put('globalnetworksets', { ...stored('a'), metadata: { name: 'a', labels: { x: '0' } } }),
    exitCode: 0,
    stdout: 'Successfully updated label x on gnetsets a\n',
  },
  {
    title: 'label with the same value',
    words: ['label', 'gnetsets', 'a', 'x=0'],
    before: (server) =>
      server.put('globalnetworksets', { ...stored('a'), metadata: { name: 'a', labels: { x: '0' } } }),
    exitCode: 0,
    stdout: 'Successfully updated label x on gnetsets a\n',
  },
  {
    title: 'label with --remove',
    words: ['label', 'gnetsets', 'a', 'x', '--remove'],
    before: (server) =>
      server.put('globalnetworksets', { ...stored('a'), metadata: { name: 'a', labels: { x: '0' } } }),
    exitCode: 0,
    stdout: 'Successfully removed label x from gnetsets a\n',
    after: (t, server) => t.is('labels' in [...server.objects.values()][0]!.metadata, false),
  },
  {
    title: 'label with --remove of a missing key',
    words: ['label', 'gnetsets', 'a', 'x', '--remove'],
    before: put('a'),
    exitCode: 1,
    stderr: 'cannot remove label of gnetsets a, key x does not exist\n',
  },
  { title: 'label without =', words: ['label', 'gnetsets', 'a', 'x'], exitCode: 2, stderr: 'invalid label x\n' },
  {
    title: 'label that the server refuses',
    words: ['label', 'gnetsets', 'a', 'x=1'],
    before: (server) => {
      put('a')(server);
      server.intercept = (method) => (method === 'PUT' ? status(500, 'InternalError', 'disk full') : undefined);
    },
    exitCode: 1,
    stderr: 'failed to update gnetsets a, label not changed: disk full\n',
  },
  {
    title: 'get of one that is missing beside one that is there',
    words: ['get', 'gnetsets', 'a', 'b'],
    before: put('b'),
    exitCode: 3,
    stdout: 'NAME   \nb      \n\n',
    stderr: 'resource does not exist: GlobalNetworkSet(a) with error: "a" not found\n',
  },
  {
    title: 'get of a list that fails',
    words: ['get', 'gnetsets'],
    before: (server) => {
      server.intercept = (_method, path) =>
        path.endsWith('sets') ? status(500, 'InternalError', 'disk full') : undefined;
    },
    exitCode: 1,
    stderr: 'failed to get resources: disk full\n',
  },
  {
    title: 'get with an unknown output',
    words: ['get', 'gnetsets', '-o', 'xml'],
    exitCode: 2,
    stderr: "unrecognized output format 'xml'\n",
    after: (t, server) => t.is(server.requests.length, 0),
  },
  {
    title: 'get with an unknown column',
    words: ['get', 'gnetsets', '-o', 'custom-columns=NAME,AGE'],
    exitCode: 2,
    stderr: 'unknown heading AGE, valid values are: NAME, NETS\n',
  },
  {
    title: 'another release',
    words: ['get', 'gnetsets'],
    before: (server) =>
      server.put('clusterinformations', {
        kind: 'ClusterInformation',
        metadata: { name: 'default' },
        spec: { calicoVersion: 'v3.29.2-5-gabcdef' },
      }),
    exitCode: 1,
    stderr:
      'version mismatch.\nClient Version:   3.32.0\nCluster Version:  3.29.2\nUse --allow-version-mismatch to override\n',
  },
  ...[
    ['v3.30.0', 'Warning: the cluster is of an older release (3.30.0) than this client (3.32.0)\n'],
    ['v3.34.9', 'Warning: the cluster is of a newer release (3.34.9) than this client (3.32.0)\n'],
    ['v3.32.7', ''],
  ].map(
    ([calicoVersion = '', stderr = '']): Row => ({
      title: `release ${calicoVersion}`,
      words: ['get', 'gnetsets'],
      before: (server) => server.put('clusterinformations', { metadata: { name: 'default' }, spec: { calicoVersion } }),
      exitCode: 0,
      stdout: 'NAME   \n\n',
      stderr,
    }),
  ),
  ...['v3.35.0', 'v4.32.0', 'v2.32.0'].map(
    (calicoVersion): Row => ({
      title: `release ${calicoVersion}`,
      words: ['get', 'gnetsets'],
      before: (server) => server.put('clusterinformations', { metadata: { name: 'default' }, spec: { calicoVersion } }),
      exitCode: 1,
      stderr: /^version mismatch\./,
    }),
  ),
  {
    title: 'another release with --allow-version-mismatch before the command',
    words: ['--allow-version-mismatch', 'get', 'gnetsets'],
    before: (server) =>
      server.put('clusterinformations', { metadata: { name: 'default' }, spec: { calicoVersion: 'v3.31.2' } }),
    exitCode: 0,
    stdout: 'NAME   \n\n',
  },
  {
    title: 'version against a cluster',
    words: ['version'],
    before: (server) =>
      server.put('clusterinformations', {
        metadata: { name: 'default' },
        spec: { calicoVersion: 'v3.32.0', clusterType: 'bgp' },
      }),
    exitCode: 0,
    stdout: 'Cluster Version:   v3.32.0\nCluster Type:      bgp\n',
  },
];

for (const row of rows) {
  test(`calicoctl says what is expected for ${row.title}`, async (t) => {
    await using server = await startFakeApiServer();
    row.before?.(server);
    const run = await runCli(row.words, { env: { CALICO_API_SOCKET: server.address }, stdin: row.stdin ?? '' });
    const stdout = run.stdout.replace(/^Client Version:.*\nGit commit:.*\n/, '');
    t.deepEqual({ ...run, stdout, stderr: typeof row.stderr === 'object' ? '' : run.stderr }, expected(row));
    if (row.stderr instanceof RegExp) t.regex(run.stderr, row.stderr);
    row.after?.(t, server);
  });
}

function expected(row: Row): CliRun {
  const { exitCode, stdout = '', stderr = '' } = row;
  return { exitCode, stdout, stderr: typeof stderr === 'string' ? stderr : '' };
}

const env = { CALICO_API_SOCKET: 'unix:/nonexistent/api.sock' };

test('an API server that nobody answers for is exit code 6, and names its address', async (t) => {
  const run = await runCli(['get', 'gnetsets'], { env });
  t.is(run.exitCode, 6);
  t.regex(
    run.stderr,
    /^failed to get resources: cannot reach the API server at unix:\/nonexistent\/api\.sock: .*ENOENT/,
  );
});

test('`version` of an unreachable cluster says so and is no failure', async (t) => {
  const run = await runCli(['version'], { env });
  t.is(run.exitCode, 0);
  t.regex(
    run.stdout,
    /^Client Version: {4}v3\.32\.0\nGit commit: {8}\S+\nUnable to detect installed Calico version\n$/,
  );
});

for (const words of [
  [],
  ['get'],
  ['delete'],
  ['create'],
  ['apply'],
  ['patch'],
  ['label', 'node'],
  ['nonsense'],
  ['get', '--nonsense'],
  ['create', 'node', 'x'],
  ['get', 'nodes', '-f', 'x'],
  ['get', 'nodes', '-c', ''],
  ['-l', 'loud', 'get', 'nodes'],
  ['patch', 'node', 'a', '-p', '{}', '-l', 'loud'],
  ['get', 'nodes', '-o', 'go-template={{.x'],
  ['get', 'nodes', '-o', 'jsonpath={.x'],
  ['get', 'nodes', '-o', 'custom-columns=A:{'],
  ['get', 'nodes', '--sort-by', '{.a}{.b}'],
  ['get', 'nodes', 'a', '-l', 'x=y'],
  ['get', 'nodes/a/b'],
  ['get', 'nodes', '-w', '--sort-by', '.x'],
  ['apply', '-f', 'x', '--prune'],
  ['apply', '-f', 'x', '--force-conflicts'],
  ['apply', 'x.yaml'],
  ['wait', 'node', 'a'],
  ['wait', 'node', 'a', '--for', 'luck'],
  ['completion', 'tcsh'],
  ['label', 'node', 'a'],
  ['edit', 'node'],
]) {
  test(`\`calicoctl ${words.join(' ')}\` is a usage error with a hint, never a crash`, async (t) => {
    const run = await runCli(words, { env });
    t.is(run.exitCode, 2);
    t.is(run.stdout, '');
    t.not(run.stderr, '');
    t.notRegex(run.stderr, /\n\s+at /);
  });
}
