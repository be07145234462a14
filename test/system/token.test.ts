/** Tokens end to end: kubectl and calicoctl ask for one, kubectl and curl's like use it over TLS, and deleting its service account ends it at once. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { call, makePlace, startServer } from '../appliance/apiserver-process.ts';
import { oneKubectl } from './kubectl/programs.ts';

const calicoctl = join(import.meta.dirname, '../../bin/calicoctl');

test('a service account works by its token over TLS until it is deleted, and a new one of its name does not revive it', async (t) => {
  t.timeout(120_000);
  const place = makePlace({ CALICO_TOKEN_AUDIENCE: 'https://calico.example' });
  t.teardown(place.remove);
  const etc = join(place.dir, 'etc');
  const run = (file: string, words: string[], env: Record<string, string> = {}) =>
    execa(file, words, { env: { ...place.env, HOME: place.dir, ...env }, reject: false, stdin: 'ignore' });
  await run(calicoctl, ['ca', 'init', '--dir', etc]);
  await run(calicoctl, ['ca', 'issue', 'server', 'api', '--host', '127.0.0.1', '--dir', etc]);
  place.env.CALICO_API_LISTEN = `unix:${place.socket},https://127.0.0.1:0`;
  const server = startServer(place);
  t.teardown(() => server.child.kill('SIGKILL'));
  let said = '';
  server.child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  await server.ready();
  const address = () => /"(https:\/\/127\.0\.0\.1:\d+)"/.exec(said)?.[1];
  for (let i = 0; i < 100 && address() === undefined; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  const account = { metadata: { name: 'ci' } };
  t.is((await call(place, 'POST', accounts, account)).status, 201);

  const local = { CALICO_API_SOCKET: place.socket };
  const made = await run(calicoctl, ['token', 'create', 'ci', '--duration', '10m'], local);
  t.is(made.exitCode, 0, made.stderr);
  const token = made.stdout.trim();
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
  t.deepEqual([claims.sub, claims.aud], ['system:serviceaccount:default:ci', ['https://calico.example']]);
  t.is(claims.exp - claims.iat, 600);
  t.regex(
    (await run(calicoctl, ['token', 'create', 'nobody'], local)).stderr,
    /does not exist: ServiceAccount\(default\/nobody\)/,
  );
  t.regex((await run(calicoctl, ['token', 'create', 'ci', '--duration', '1m'], local)).stderr, /expirationSeconds/);

  const kubectl = (...words: string[]) =>
    run(oneKubectl(), ['--server', address()!, '--certificate-authority', join(etc, 'ca.crt'), ...words]);
  const root = await run(calicoctl, ['ca', 'issue', 'user', 'root', '--group', 'system:masters', '--dir', etc]);
  t.is(root.exitCode, 0);
  const asRoot = ['--client-certificate', join(etc, 'root.crt'), '--client-key', join(etc, 'root.key')];
  const byKubectl = await kubectl(
    ...asRoot,
    'create',
    'token',
    'ci',
    '--duration',
    '1h',
    '--audience',
    'https://calico.example',
  );
  t.is(byKubectl.exitCode, 0, byKubectl.stderr);
  for (const each of [token, byKubectl.stdout.trim()]) {
    const who = await kubectl('--token', each, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}');
    t.is(who.stdout, 'system:serviceaccount:default:ci', who.stderr);
  }
  writeFileSync(join(place.dir, 'token'), token);
  const remote = {
    CALICO_API_ENDPOINT: address()!,
    CALICO_API_CA_CERT_FILE: join(etc, 'ca.crt'),
    CALICO_API_TOKEN_FILE: join(place.dir, 'token'),
  };
  t.regex(
    (await run(calicoctl, ['get', 'tiers'], remote)).stderr,
    /"system:serviceaccount:default:ci" cannot (get|list) resource/,
  );
  const other = await kubectl(...asRoot, 'create', 'token', 'ci', '--audience', 'vault');
  t.regex((await kubectl('--token', other.stdout.trim(), 'get', 'tiers')).stderr, /must be logged in|Unauthorized/);

  t.is((await call(place, 'DELETE', `${accounts}/ci`)).status, 200);
  t.regex((await kubectl('--token', token, 'auth', 'whoami')).stderr, /must be logged in|Unauthorized/);
  t.is((await call(place, 'POST', accounts, account)).status, 201);
  t.regex((await kubectl('--token', token, 'auth', 'whoami')).stderr, /must be logged in|Unauthorized/);
  server.child.kill('SIGTERM');
  const { code, output } = await server.exited;
  t.is(code, 0);
  t.true(output.includes('the service account of the token has been deleted and made anew'));
  t.false(output.includes(token.split('.')[2]!));
});
