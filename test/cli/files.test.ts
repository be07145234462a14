import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { runCli } from './run-cli.ts';

const tier = (name: string) =>
  JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name }, spec: {} });

function makeTree(files: Record<string, string>): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'calico-cli-files-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test('a directory gives its manifests, and with -R those below it', async (t) => {
  using tree = makeTree({ 'b.yaml': tier('b'), 'a.json': tier('a'), 'c.txt': 'no', 'sub/d.yml': tier('d') });
  t.is((await runCli(['validate', '-f', tree.path])).stdout, "Successfully validated 2 'Tier' resource(s)\n");
  t.is((await runCli(['validate', '-R', '-f', tree.path])).stdout, "Successfully validated 3 'Tier' resource(s)\n");
});

test('-f may be repeated', async (t) => {
  using tree = makeTree({ 'b.yaml': tier('b'), 'a.json': tier('a') });
  const run = await runCli(['validate', '-f', `${tree.path}/a.json`, '-f', `${tree.path}/b.yaml`]);
  t.is(run.stdout, "Successfully validated 2 'Tier' resource(s)\n");
});

test('a directory without resources is an error, unless --skip-empty', async (t) => {
  using tree = makeTree({ 'c.txt': 'no' });
  const run = await runCli(['validate', '-f', tree.path]);
  t.deepEqual(run, {
    exitCode: 1,
    stdout: '',
    stderr: `failed to execute command: no resources specified in directory ${tree.path}\n`,
  });
  t.is((await runCli(['validate', '--skip-empty', '-f', tree.path])).exitCode, 0);
});

test('a file that is not there is named', async (t) => {
  const run = await runCli(['validate', '-f', '/nonexistent/x.yaml']);
  t.is(run.exitCode, 1);
  t.regex(run.stderr, /^failed to execute command: .*\/nonexistent\/x\.yaml/);
});

test('`validate` names every broken rule and asks no server', async (t) => {
  const broken = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'Tier',
    metadata: { name: 'A_' },
    spec: { order: 'first' },
  };
  const run = await runCli(['validate', '-f', '-'], { stdin: JSON.stringify(broken) });
  t.is(run.exitCode, 1);
  t.regex(
    run.stderr,
    /^failed to validate 'Tier' resource: \[error with the following fields:\n- {2}spec\.order = 'first' \(.+\)\n- {2}metadata\.name = 'A_' \(.+\)\]\n$/,
  );
});
