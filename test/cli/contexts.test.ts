/** Named contexts: made, used, changed and forgotten on the command line; what comes from where; secrets that stay unsaid. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { readApiSettings } from '#cli/config.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import { runCli } from './run-cli.ts';

function startHome(): Disposable & { home: string; file: string; env: Record<string, string> } {
  const home = mkdtempSync(join(tmpdir(), 'calico-cli-home-'));
  const file = join(home, '.config/calico/calicoctl.cfg');
  return { home, file, env: { HOME: home }, [Symbol.dispose]: () => rmSync(home, { recursive: true }) };
}

test('contexts are made, listed, used, changed and deleted; comments of the file stay', async (t) => {
  using world = startHome();
  const run = async (...words: string[]) => {
    const result = await runCli(['config', ...words], { env: world.env });
    t.is(result.stderr, '', words.join(' '));
    return result.stdout;
  };
  t.is(
    await run('set-context', 'lab', '--api', 'https://192.0.2.1:5443', '--token-file', '/t'),
    'Context "lab" created.\n',
  );
  t.is(statSync(world.file).mode & 0o777, 0o600);
  writeFileSync(world.file, readFileSync(world.file, 'utf8').replace('spec:', '# ours\nspec:'));
  t.is(await run('set-context', 'local', '--api', 'unix:/x/api.sock'), 'Context "local" created.\n');
  t.is(await run('use-context', 'lab'), 'Switched to context "lab".\n');
  t.is(await run('current-context'), 'lab\n');
  t.is(await run('set-context', 'lab', '--ca-file', '/ca.crt'), 'Context "lab" modified.\n');
  t.regex(readFileSync(world.file, 'utf8'), /^# ours$/m);
  const lines = (await run('get-contexts')).split('\n').map((line) => line.trim().split(/ {2,}/));
  t.deepEqual(lines.slice(0, 3), [
    ['CURRENT', 'NAME', 'SERVER', 'FILE'],
    ['*', 'lab', 'https://192.0.2.1:5443', world.file],
    ['local', 'unix:/x/api.sock', world.file],
  ]);
  t.deepEqual(await readApiSettings({ ...world.env, CALICO_CONFIG_DIR: '/none' }, {}), {
    endpoint: { address: 'https://192.0.2.1:5443', isEncrypted: true, host: '192.0.2.1', port: 5443 },
    caFile: '/ca.crt',
    tokenFile: '/t',
  });
  t.is(await run('delete-context', 'lab'), 'deleted context lab\n');
  t.is((await runCli(['config', 'current-context'], { env: world.env })).exitCode, 4);
  for (const words of [
    ['use-context', 'lab'],
    ['delete-context', 'lab'],
  ]) {
    t.is((await runCli(['config', ...words], { env: world.env })).exitCode, 4);
  }
  t.is((await runCli(['config', 'set-context', 'new'], { env: world.env })).exitCode, 2);
  t.is((await runCli(['config', 'set-context', 'new', '--api', 'ftp://x'], { env: world.env })).exitCode, 1);
});

test('a flag outranks a named context, that the environment, that the current context, that the files', async (t) => {
  using world = startHome();
  const cfg = (spec: string) => `apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata: {}\nspec:\n${spec}`;
  const host = join(world.home, 'host');
  await runCli(['config', 'set-context', 'a', '--api', 'unix:/a', '-c', world.file], { env: world.env });
  await runCli(['config', 'set-context', 'b', '--api', 'unix:/b'], { env: world.env });
  await runCli(['config', 'use-context', 'a'], { env: world.env });
  const address = async (env: object, flags: Parameters<typeof readApiSettings>[1]) =>
    (await readApiSettings({ ...world.env, CALICO_CONFIG_DIR: host, ...env }, flags)).endpoint.address;
  const socket = { CALICO_API_SOCKET: '/env' };
  t.is(await address(socket, { api: '/flag', context: 'b' }), 'unix:/flag');
  t.is(await address(socket, { context: 'b' }), 'unix:/b');
  t.is(await address({ ...socket, CALICO_CONTEXT: 'b' }, {}), 'unix:/env');
  t.is(await address({ CALICO_CONTEXT: 'b' }, {}), 'unix:/b');
  t.is(await address({}, {}), 'unix:/a');
  await t.throwsAsync(address({}, { context: 'nobody' }), { code: 'CLI_CONFIG', message: /no context 'nobody'/ });
  const file = join(world.home, 'other');
  writeFileSync(file, cfg('  apiEndpoint: unix:/file\n'));
  t.is(await address({}, { config: file }), 'unix:/file');
});

test('what a context says of certificates and tokens goes to its server alone', async (t) => {
  using world = startHome();
  await runCli(['config', 'set-context', 'a', '--api', 'https://a', '--token-file', '/a-token'], { env: world.env });
  await runCli(['config', 'use-context', 'a'], { env: world.env });
  const env = { ...world.env, CALICO_CONFIG_DIR: '/none' };
  t.is((await readApiSettings(env, { api: 'https://other' })).tokenFile, undefined);
  t.is((await readApiSettings({ ...env, CALICO_API_TOKEN_FILE: '/env-token' }, {})).tokenFile, '/a-token');
  t.is((await readApiSettings({ ...env, CALICO_API_TOKEN_FILE: '/e' }, { api: 'https://other' })).tokenFile, '/e');
});

test('config view names sources and keeps secrets, and inline tokens reach the server', async (t) => {
  using world = startHome();
  await using server = await startFakeApiServer();
  const file = join(world.home, 'cfg');
  const spec = `  apiEndpoint: ${server.address}\n  apiToken: s3cret\n  apiCACert: |\n    -----BEGIN CERTIFICATE-----\n    abc\n`;
  writeFileSync(file, `apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata: {}\nspec:\n${spec}`);
  const view = await runCli(['config', 'view', '-c', file]);
  t.notRegex(view.stdout, /s3cret/);
  t.regex(view.stdout, /^apiToken +REDACTED +\S+cfg *$/m);
  t.regex(view.stdout, /^apiCACert +-----BEGIN CERTIFICATE-----\.\.\. /m);
  t.regex((await runCli(['config', 'view'], {})).stdout, /^apiEndpoint +unix:\/run\/calico\/api\.sock +default *$/m);
  await runCli(['get', 'tiers', '-c', file]);
  t.is(server.headers.at(-1)?.authorization, 'Bearer s3cret');
  writeFileSync(
    file,
    `apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nspec:\n  apiToken: a\n  apiTokenFile: b\n`,
  );
  t.regex((await runCli(['get', 'tiers', '-c', file])).stderr, /give either apiToken or apiTokenFile, not both/);
});
