/** calicoctl ca: certificates that openssl finds good, and with which server and client find each other. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makePlace, startServer } from '../appliance/apiserver-process.ts';
import { runCli } from './run-cli.ts';

function newDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'calico-ca-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return directory;
}

async function ca(t: ExecutionContext, directory: string, ...words: string[]): Promise<string> {
  const run = await runCli(['ca', ...words, '--dir', directory]);
  t.is(run.stderr, '');
  t.is(run.exitCode, 0);
  return run.stdout;
}

function openssl(...words: string[]): string {
  return execFileSync('openssl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

test('what is issued is good to openssl: for its purpose, its hosts, its groups, and no longer than the authority', async (t) => {
  const directory = newDirectory(t);
  const file = (name: string) => join(directory, name);
  t.regex(
    await ca(t, directory, 'init', '--days', '30'),
    /^Wrote .*ca\.crt \(good until \d{4}-\d\d-\d\d\) and .*ca\.key\n$/,
  );
  await ca(
    t,
    directory,
    'issue',
    'server',
    'api',
    '--host',
    'calico.example',
    '--host',
    '10.1.2.3',
    '--host',
    'fd00::1',
  );
  await ca(t, directory, 'issue', 'node', 'web-1', '--days', '3');
  await ca(t, directory, 'issue', 'user', 'eve', '--group', 'calico:editors', '--group', 'staff');

  const verify = (...words: string[]) => openssl('verify', '-x509_strict', '-CAfile', file('ca.crt'), ...words);
  verify('-purpose', 'sslserver', '-verify_hostname', 'calico.example', file('api.crt'));
  verify('-purpose', 'sslserver', '-verify_ip', '10.1.2.3', file('api.crt'));
  verify('-purpose', 'sslserver', '-verify_ip', 'fd00::1', file('api.crt'));
  t.throws(() => verify('-verify_hostname', 'other.example', file('api.crt')));
  verify('-purpose', 'sslclient', file('web-1.crt'));
  t.throws(() => verify('-purpose', 'sslserver', file('eve.crt')), undefined, 'a person is no server');
  const subject = (name: string) =>
    openssl('x509', '-noout', '-subject', '-nameopt', 'sep_comma_plus', '-in', file(name)).trim();
  t.is(subject('web-1.crt'), 'subject=CN=system:node:web-1,O=system:nodes');
  t.is(subject('eve.crt'), 'subject=CN=eve,O=calico:editors,O=staff');
  const end = (name: string) => openssl('x509', '-noout', '-enddate', '-in', file(name));
  t.is(end('eve.crt'), end('ca.crt'), 'a year was asked for, the authority has 30 days');
  for (const name of readdirSync(directory))
    t.is(statSync(file(name)).mode & 0o777, name.endsWith('.key') ? 0o600 : 0o644, name);
});

test('nothing is written over, and nothing is half written', async (t) => {
  const directory = newDirectory(t);
  await ca(t, directory, 'init');
  const key = readFileSync(join(directory, 'ca.key'), 'utf8');
  const again = await runCli(['ca', 'init', '--dir', directory]);
  t.is(again.exitCode, 5);
  t.regex(again.stderr, /ca\.key exists; move it away first/);
  t.is(readFileSync(join(directory, 'ca.key'), 'utf8'), key);
});

const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a name that would leave the folder', ['issue', 'user', '../eve'], /NAME: '\.\.\/eve'/],
  ['a name with a quote and a newline', ['issue', 'node', 'a"\nb'], /NAME:/],
  ['a server without a host', ['issue', 'server', 'api'], /--host/],
  ['a host that is none', ['issue', 'server', 'api', '--host', 'a b'], /--host: 'a b'/],
  ['a group with a comma and blanks', ['issue', 'user', 'eve', '--group', 'a, O=b'], /--group/],
  ['groups of a node', ['issue', 'node', 'h', '--group', 'system:masters'], /--group is for users only/],
  ['a name too long for a certificate', ['issue', 'node', 'h'.repeat(60)], /longer than the 64 letters/],
  ['no days', ['issue', 'user', 'eve', '--days', '0'], /--days/],
  ['something else', ['issue', 'robot', 'r2'], /'robot' is not server, node or user/],
];

for (const [what, words, message] of wrong) {
  test(`refused: ${what}`, async (t) => {
    const directory = newDirectory(t);
    const run = await runCli(['ca', ...words, '--dir', directory]);
    t.is(run.exitCode, 2);
    t.regex(run.stderr, message);
    t.deepEqual(readdirSync(directory), []);
  });
}

test('server and client of one authority find each other, each with the files that were issued', async (t) => {
  const place = makePlace({ CALICO_API_LISTEN: 'https://127.0.0.1:0' });
  t.teardown(place.remove);
  const directory = join(place.dir, 'etc');
  await ca(t, directory, 'init');
  await ca(t, directory, 'issue', 'server', 'api', '--host', '127.0.0.1');
  await ca(t, directory, 'issue', 'user', 'eve', '--group', 'calico:editors');
  const server = startServer(place);
  t.teardown(() => server.child.kill('SIGKILL'));
  const address = await new Promise<string>((resolve, reject) => {
    void server.exited.then(({ errors }) => reject(new Error(errors)));
    server.child.stdout.on('data', (chunk: Buffer) => {
      const found = /"(https:\/\/127\.0\.0\.1:\d+)"/.exec(chunk.toString())?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  const env = {
    CALICO_API_ENDPOINT: address,
    CALICO_API_CA_CERT_FILE: join(directory, 'ca.crt'),
    CALICO_API_CERT_FILE: join(directory, 'eve.crt'),
    CALICO_API_KEY_FILE: join(directory, 'eve.key'),
  };
  const run = await runCli(['get', 'tiers'], { env });
  t.is(run.stderr, '');
  t.regex(run.stdout, /^default /m);
  server.child.kill('SIGTERM');
  t.is((await server.exited).code, 0);
});
