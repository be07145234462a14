/** calicoctl kubeconfig: what the real kubectl does with it, over TLS and over loopback, and what is refused. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { makePlace, startServer } from '../appliance/apiserver-process.ts';
import { oneKubectl } from '../system/kubectl/programs.ts';
import { runCli } from './run-cli.ts';

const kubectl = oneKubectl();

test('kubectl works with it: over https with files and with their contents, over loopback with nothing', async (t) => {
  const place = makePlace({ CALICO_API_LISTEN: 'https://127.0.0.1:0,http://127.0.0.1:0' });
  t.teardown(place.remove);
  const pki = join(place.dir, 'etc');
  const file = (name: string) => join(pki, name);
  for (const words of [
    ['init'],
    ['issue', 'server', 'api', '--host', '127.0.0.1'],
    ['issue', 'user', 'eve', '--group', 'calico:viewers'],
  ])
    t.is((await runCli(['ca', ...words, '--dir', pki])).exitCode, 0);
  const server = startServer(place);
  t.teardown(() => server.child.kill('SIGKILL'));
  const [secure, plain] = await new Promise<[string, string]>((resolve, reject) => {
    let text = '';
    void server.exited.then(({ errors }) => reject(new Error(errors)));
    server.child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = [/"(https:\/\/127[^"]+)"/, /"(http:\/\/127[^"]+)"/].map((pattern) => pattern.exec(text)?.[1]);
      if (found[0] !== undefined && found[1] !== undefined) resolve([found[0], found[1]]);
    });
  });
  const proof = ['--server', secure, '--ca', file('ca.crt'), '--cert', file('eve.crt'), '--key', file('eve.key')];
  const forms = { files: proof, contents: [...proof, '--embed'], loopback: ['--server', plain] };
  for (const [form, words] of Object.entries(forms)) {
    const path = join(place.dir, `${form}.kubeconfig`);
    const run = await runCli(['kubeconfig', ...words, '-o', path]);
    t.is(run.stderr, '');
    t.is(run.exitCode, 0);
    t.is(statSync(path).mode & 0o777, 0o600);
    t.is(readFileSync(path, 'utf8').includes('client-key-data'), form === 'contents');
    const env = { KUBECONFIG: path, HOME: place.dir };
    const got = await execa(kubectl, ['get', 'tiers', '-o', 'name'], { env, timeout: 30_000 });
    t.true(got.stdout.includes('tier.projectcalico.org/default'), `${form}: ${got.stdout}`);
    if (form === 'loopback') continue;
    const refused = await execa(kubectl, ['delete', 'tier', 'default'], { env, timeout: 30_000, reject: false });
    t.regex(refused.stderr, /Forbidden.*"eve" cannot delete/);
  }
});

test('a token is put in by its file or by its text, and calicoctl’s own settings are taken', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'calico-kubeconfig-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const token = join(directory, 'token');
  writeFileSync(token, 'abc.def\n');
  const env = { CALICO_API_ENDPOINT: 'https://[::1]:5443', CALICO_API_TOKEN_FILE: token };
  const byFile = await runCli(['kubeconfig', '--user', 'eve', '--namespace', 'web'], { env });
  t.is(
    byFile.stdout,
    `apiVersion: v1
kind: Config
clusters:
  - name: calico
    cluster:
      server: https://[::1]:5443
users:
  - name: eve
    user:
      tokenFile: ${token}
contexts:
  - name: calico
    context:
      cluster: calico
      user: eve
      namespace: web
current-context: calico
`,
  );
  t.regex((await runCli(['kubeconfig', '--embed'], { env })).stdout, /^ {6}token: abc\.def$/m);
});

const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a unix socket', [], /unix sockets/],
  ['plain http to elsewhere', ['--server', 'http://192.0.2.1:80'], /loopback only/],
  ['https without a proof', ['--server', 'https://192.0.2.1:5443'], /certificate .* or a token/],
  ['a certificate without its key', ['--server', 'https://192.0.2.1:5443', '--cert', 'a'], /belong together/],
  [
    'a file that is not there',
    ['--server', 'https://192.0.2.1:5443', '--token-file', '/nonexistent/t', '--embed'],
    /\/nonexistent\/t/,
  ],
];
for (const [what, words, message] of wrong) {
  test(`refused: ${what}`, async (t) => {
    const run = await runCli(['kubeconfig', ...words]);
    t.not(run.exitCode, 0);
    t.regex(run.stderr, message);
    t.is(run.stdout, '');
  });
}
