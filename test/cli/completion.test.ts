/** Completion: what may stand next, and the scripts in the shells themselves. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { completionScripts } from '#cli/completion/scripts.ts';
import { type FakeApiServer, startFakeApiServer } from './fake-api-server.ts';
import { runCli } from './run-cli.ts';

const root = new URL('../../', import.meta.url).pathname;

function putNames(server: FakeApiServer): void {
  for (const name of ['allow-web', 'allow-dns', 'deny-all']) {
    server.put('globalnetworkpolicies', { metadata: { name }, spec: {} });
  }
  server.put('networksets', { metadata: { name: 'offices', namespace: 'shop' }, spec: {} });
}

async function candidates(env: Record<string, string>, ...words: string[]): Promise<string[]> {
  const run = await runCli(['__complete', ...words], { env });
  return run.stdout.split('\n').filter((line) => line !== '');
}

test('commands, flags, their values, kinds and names are completed', async (t) => {
  await using server = await startFakeApiServer();
  putNames(server);
  const env = { CALICO_API_SOCKET: server.address };
  const next = (...words: string[]) => candidates(env, ...words);
  t.deepEqual(await next('desc'), ['describe']);
  t.deepEqual(await next('datastore', 'migrate', 'un'), ['unlock']);
  t.true((await next('')).includes('get'));
  t.deepEqual(await next('-l', 'de'), ['debug']);
  t.deepEqual(await next('get', '--field-s'), ['--field-selector']);
  t.deepEqual(await next('get', 'gnp', '--dry'), []);
  t.deepEqual(await next('apply', '--dry-run', 's'), ['server']);
  t.deepEqual(await next('apply', '--dry-run=s'), ['--dry-run=server']);
  t.deepEqual(await next('get', '-o', 'js'), ['json', 'jsonpath=', 'jsonpath-file=']);
  t.deepEqual(await next('get', 'hoste'), ['hostendpoints']);
  t.deepEqual(await next('get', 'gnp', 'allow'), ['allow-dns', 'allow-web']);
  t.deepEqual(await next('get', 'gnp', '-o', 'yaml', 'deny'), ['deny-all']);
  t.deepEqual(await next('get', 'gnp/all'), ['gnp/allow-dns', 'gnp/allow-web']);
  t.deepEqual(await next('get', 'gnp,globalnetworks'), ['gnp,globalnetworksets']);
  t.deepEqual(await next('get', 'netsets', '-n', 'shop', ''), ['offices']);
  t.deepEqual(await next('get', 'netsets', ''), []);
  t.deepEqual(await next('completion', 'f'), ['fish']);
});

test('files are left to the shell', async (t) => {
  t.deepEqual(await candidates({}, 'get', '-f', ''), [':files']);
  t.deepEqual(await candidates({}, 'apply', ''), [':files']);
});

test('contexts are completed from the configuration', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'calico-cli-home-'));
  await runCli(['config', 'set-context', 'lab', '--api', 'unix:/x'], { env: { HOME: home } });
  t.deepEqual(await candidates({ HOME: home }, '--context', ''), ['lab']);
  t.deepEqual(await candidates({ HOME: home }, 'config', 'use-context', 'l'), ['lab']);
  rmSync(home, { recursive: true });
});

test('without a server, and with one that does not answer, there are no names and no complaints', async (t) => {
  t.deepEqual(await runCli(['__complete', 'get', 'gnp', ''], { env: { CALICO_API_SOCKET: '/nowhere' } }), {
    exitCode: 0,
    stdout: '',
    stderr: '',
  });
  await using server = await startFakeApiServer();
  server.intercept = () => ({ status: 500, body: {} });
  t.is((await runCli(['__complete', 'get', 'gnp', ''], { env: { CALICO_API_SOCKET: server.address } })).stdout, '');
});

/** A directory with calicoctl on the path, and the script of a shell. */
function prepare(shell: string): Disposable & { directory: string; path: string; script: string } {
  const directory = mkdtempSync(join(tmpdir(), 'calico-cli-shell-'));
  symlinkSync(`${root}bin/calicoctl`, join(directory, 'calicoctl'));
  const script = join(directory, `completion.${shell}`);
  writeFileSync(script, completionScripts[shell]!);
  writeFileSync(join(directory, 'policy.yaml'), '');
  const path = `${directory}:${process.env.PATH}`;
  return { directory, path, script, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

const cases: readonly (readonly [line: string, expected: string])[] = [
  ['calicoctl descr', 'describe'],
  ['calicoctl get gnp den', 'deny-all'],
  ['calicoctl get gnp/den', 'gnp/deny-all'],
  ['calicoctl get --field-s', '--field-selector'],
  ['calicoctl apply -f pol', 'policy.yaml'],
];

test('bash completes', async (t) => {
  await using server = await startFakeApiServer();
  putNames(server);
  using shell = prepare('bash');
  for (const [line, expected] of [...cases, ['calicoctl apply --dry-run=se', 'server']] as const) {
    const words = line.split(' ');
    const program = `source ${shell.script}
      COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(${words.join(' ').replaceAll('=', ' = ')})
      COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
      _calicoctl 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await execa('bash', ['--norc', '-c', program], {
      cwd: shell.directory,
      env: { PATH: shell.path, CALICO_API_SOCKET: server.address },
    });
    t.is(stdout, expected, line);
  }
});

test('zsh completes', async (t) => {
  await using server = await startFakeApiServer();
  putNames(server);
  using shell = prepare('zsh');
  for (const [line, expected] of cases) {
    // The completion system runs only in a terminal of its own: zpty gives it one, and TAB is pressed in it.
    const program = `zmodload zsh/zpty
      zpty z 'PS1="" TERM=dumb zsh -f -i'
      zpty -w z "cd ${shell.directory}; autoload -Uz compinit; compinit -u -d ${shell.directory}/dump; source ${shell.script}; echo READY''MARK"
      zpty -r -m z line '*READYMARK*'
      zpty -n -w z $'${line}\\t'
      repeat 100; do zpty -r -t z more && out+=\${more//$'\\a'/}; [[ $out == *${expected}* ]] && break; sleep 0.1; done
      print -r -- "$out"
      zpty -d z`;
    const { stdout, timedOut } = await execa('zsh', ['-f', '-c', program], {
      cwd: shell.directory,
      env: { PATH: shell.path, CALICO_API_SOCKET: server.address, TERM: 'dumb' },
      timeout: 20_000,
      reject: false,
    });
    t.false(timedOut, line);
    t.true(stdout.includes(expected), `${line}: ${stdout}`);
  }
});

test('fish completes', async (t) => {
  await using server = await startFakeApiServer();
  putNames(server);
  using shell = prepare('fish');
  for (const [line, expected] of cases) {
    const { stdout } = await execa('fish', ['--no-config', '-c', `source ${shell.script}; complete -C '${line}'`], {
      cwd: shell.directory,
      env: { PATH: shell.path, CALICO_API_SOCKET: server.address, HOME: shell.directory },
    });
    t.true(
      stdout.split('\n').some((candidate) => candidate.split('\t')[0] === expected),
      `${line}: ${stdout}`,
    );
  }
});
