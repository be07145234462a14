/** Every row of calicoctl's namespace table. */
import test from 'ava';
import { startFakeApiServer } from './fake-api-server.ts';
import { runCli } from './run-cli.ts';

const policy = (namespace?: string) =>
  `apiVersion: projectcalico.org/v3\nkind: NetworkSet\nmetadata:\n  name: a\n${namespace === undefined ? '' : `  namespace: ${namespace}\n`}spec: {}\n`;

const writes: readonly (readonly [string | undefined, readonly string[], string | RegExp])[] = [
  [undefined, [], 'default'],
  [undefined, ['-n', 'x'], 'x'],
  ['y', [], 'y'],
  ['y', ['-n', 'y'], 'y'],
  ['y', ['-n', 'x'], /resource namespace does not match client namespace\. y != x\n$/],
];
for (const [inFile, flags, result] of writes) {
  test(`a manifest of namespace ${inFile ?? 'none'} with ${flags.join(' ') || 'no flag'} gives ${result}`, async (t) => {
    await using server = await startFakeApiServer();
    const env = { CALICO_API_SOCKET: server.address };
    const run = await runCli(['create', '-f', '-', ...flags], { env, stdin: policy(inFile) });
    if (result instanceof RegExp) {
      t.regex(run.stderr, result);
      t.is(run.exitCode, 1);
    } else {
      t.deepEqual([...server.objects.keys()], [`/apis/projectcalico.org/v3/namespaces/${result}/networksets/a`]);
    }
  });
}

const refusals: readonly (readonly [readonly string[], string, number])[] = [
  [['get', 'netsets', '-n', 'x', '-A'], 'cannot use both --namespace and --all-namespaces flags at the same time', 2],
  [['get', 'netsets', 'a', '-A'], 'cannot use --all-namespace flag for getting a single resource', 2],
  [['get', 'tiers', '-n', 'x'], 'Tier is not namespaced', 1],
  [['get', 'tiers', '-A'], 'Tier is not namespaced', 1],
  [['get', 'tier', 'a', '-n', 'x'], 'Tier is not namespaced', 1],
];
for (const [words, message, exitCode] of refusals) {
  test(`\`calicoctl ${words.join(' ')}\` is refused: ${message}`, async (t) => {
    const run = await runCli(words, { env: { CALICO_API_SOCKET: 'unix:/nonexistent' } });
    t.deepEqual(run, { exitCode, stdout: '', stderr: `${message}\n` });
  });
}

test('a namespace in the manifest of a cluster-wide kind is refused', async (t) => {
  const stdin = 'apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: a, namespace: x}\nspec: {}\n';
  const run = await runCli(['create', '-f', '-'], { stdin });
  t.is(
    run.stderr,
    'namespace should not be specified for a non-namespaced resource. Tier is not a namespaced resource\n',
  );
  t.is(run.exitCode, 1);
});

test('lists are of one namespace, or of all with -A or its synonym -a, and then name it', async (t) => {
  await using server = await startFakeApiServer();
  for (const namespace of ['default', 'shop']) {
    server.put('networksets', { kind: 'NetworkSet', metadata: { name: 'a', namespace }, spec: {} });
  }
  const env = { CALICO_API_SOCKET: server.address };
  const all = 'NAMESPACE   NAME   \ndefault     a      \nshop        a      \n\n';
  t.is((await runCli(['get', 'netsets'], { env })).stdout, 'NAME   \na      \n\n');
  t.is(
    (await runCli(['get', 'netsets', '-n', 'shop'], { env })).stdout,
    'NAMESPACE   NAME   \nshop        a      \n\n',
  );
  t.is((await runCli(['get', 'netsets', '-A'], { env })).stdout, all);
  t.is((await runCli(['get', 'netsets', '-a'], { env })).stdout, all);
});
