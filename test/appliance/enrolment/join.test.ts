/** Joining: requests that are taken and refused, one use under a race, no host made another. Over a real TLS server where one is asked. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { mergeEnv } from '#appliance/enrolment/env-lines.ts';
import { parseJoinToken, printJoinBearer, printJoinToken } from '#appliance/enrolment/join-token.ts';
import { createToken, grant, listTokens } from '#appliance/enrolment/records.ts';
import { fetchPinnedAuthority } from '#appliance/enrolment/remote.ts';
import { createNodeKey, createNodeRequest } from '#appliance/pki/signing-request.ts';
import { createTlsApi } from '../api/test-tls.ts';

const path = '/enrolment/v1/certificates';

test('a host with a token gets a certificate for its name, once; others are refused', async (t) => {
  const api = await createTlsApi(t);
  const admin = await api.client('root', ['system:masters']);
  const created = await api.ask(admin, 'POST', '/enrolment/v1/tokens', { uses: 2 });
  t.is(created.status, 201);
  t.deepEqual(created.body.api, [api.address]);
  const token = printJoinBearer(created.body);
  const key = await createNodeKey();
  const wish = async (node: string) => ({ node, request: await createNodeRequest(node, key) });
  const given = await api.ask({ token }, 'POST', path, await wish('web-1'));
  t.is(given.status, 201, JSON.stringify(given.body));
  const certificate = new X509Certificate(given.body.certificate);
  t.is(certificate.subject, 'CN=system:node:web-1\nO=system:nodes');
  t.true(certificate.verify(new X509Certificate(api.authority.certificate).publicKey));
  const again = await api.ask({ token }, 'POST', path, await wish('web-1'));
  t.is(again.status, 403);
  t.regex(again.body.message, /node web-1 already has a certificate that is good; a token made with --node web-1/);
  await api.resources.create({ kind: 'Node', apiVersion: 'projectcalico.org/v3', metadata: { name: 'old' }, spec: {} });
  t.regex((await api.ask({ token }, 'POST', path, await wish('old'))).body.message, /node old already exists/);
  t.is((await api.ask({ token }, 'GET', '/apis/projectcalico.org/v3/tiers')).status, 403, 'good for nothing else');
  t.is((await api.ask({ token }, 'GET', '/enrolment/v1/tokens')).status, 403);
  t.is((await api.ask({ token }, 'POST', path, await wish('web-2'))).status, 201);
  t.is((await api.ask({ token }, 'POST', path, await wish('web-3'))).status, 401, 'used up');
  const named = await api.ask(admin, 'POST', '/enrolment/v1/tokens', { node: 'web-1' });
  const forNode = printJoinBearer(named.body);
  t.is((await api.ask({ token: forNode }, 'POST', path, await wish('web-9'))).status, 403);
  t.is((await api.ask({ token: forNode }, 'POST', path, await wish('web-1'))).status, 201);
  // renewal: the certificate of a node is good for its own name
  const who = { cert: given.body.certificate, key };
  t.is((await api.ask(who, 'POST', path, await wish('web-1'))).status, 201);
  t.is((await api.ask(who, 'POST', path, await wish('web-2'))).status, 403);
  t.is((await api.ask(admin, 'POST', path, await wish('web-1'))).status, 403);
});

test('of many hosts that race for one use one gets it', async (t) => {
  const api = await createTlsApi(t);
  const { record, secret } = await api.enrolment.createToken({ ttlMs: 60_000, uses: 1 });
  const token = printJoinBearer({ id: record.id, secret });
  const key = await createNodeKey();
  const wishes = Array.from({ length: 8 }, async (_, i) => ({
    node: `n${i}`,
    request: await createNodeRequest(`n${i}`, key),
  }));
  const answers = await Promise.all(wishes.map(async (wish) => api.ask({ token }, 'POST', path, await wish)));
  t.is(answers.filter(({ status }) => status === 201).length, 1);
  t.is((await api.enrolment.listTokens())[0]?.usesLeft, 0);
});

test('grant() spends one use once, however many ask at the same moment', async (t) => {
  const store = await openMemoryStore();
  t.teardown(() => store.close());
  const nowMs = 1_000_000;
  const { record } = await createToken(store, { ttlMs: 60_000, uses: 2 }, nowMs);
  const ask = (node: string) => grant(store, { node, token: record.id, expiresMs: nowMs + 1, nowMs });
  const tried = await Promise.allSettled(Array.from({ length: 6 }, (_, i) => ask(`n${i}`)));
  t.is(tried.filter(({ status }) => status === 'fulfilled').length, 2);
  t.is((await listTokens(store))[0]?.usesLeft, 0);
});

test('the store keeps a hash of the secret, never the secret', async (t) => {
  const api = await createTlsApi(t);
  const { secret } = await api.enrolment.createToken({ ttlMs: 60_000, uses: 1 });
  const { entries } = await api.store.range({ key: Buffer.from('/'), rangeEnd: Buffer.from('\0') });
  t.false(entries.some(({ value }) => value.includes(secret)));
  t.true(entries.some(({ key }) => key.toString().startsWith('/calico/appliance/v1/join-tokens/')));
});

test('a request that asks for anything but its name is refused, and says why', async (t) => {
  const api = await createTlsApi(t);
  const { record, secret } = await api.enrolment.createToken({ ttlMs: 60_000, uses: 1 });
  const token = printJoinBearer({ id: record.id, secret });
  const csr = (subject: string, key: string[], ...more: string[]) => {
    const flags = [...key, '-nodes', '-keyout', api.file('x.key'), '-subj', subject, '-out', api.file('x.csr')];
    execFileSync('openssl', ['req', '-new', ...flags, ...more], { stdio: 'ignore' });
    return readFileSync(api.file('x.csr'), 'utf8');
  };
  const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const good = '/O=system:nodes/CN=system:node:a';
  const forged = Buffer.from(csr(good, p256).split('\n').slice(1, -2).join(''), 'base64');
  forged[forged.length - 3]! ^= 1;
  writeFileSync(api.file('k1'), '');
  const table: readonly (readonly [string, string, RegExp])[] = [
    ['another name', csr('/O=system:nodes/CN=system:node:b', p256), /its subject must be/],
    ['another group', csr('/O=system:masters/CN=system:node:a', p256), /its subject must be/],
    ['a further group', csr(`/O=system:masters${good}`, p256), /its subject must be/],
    ['other names', csr(good, p256, '-addext', 'subjectAltName=DNS:api'), /asks for extensions/],
    ['to be an authority', csr(good, p256, '-addext', 'basicConstraints=CA:TRUE'), /asks for extensions/],
    ['a weak key', csr(good, ['-newkey', 'rsa:1024']), /its key must be/],
    ['an odd curve', csr(good, ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1']), /its key/],
    [
      'a wrong signature',
      `-----BEGIN CERTIFICATE REQUEST-----\n${forged.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`,
      /signature|not a certificate signing request/,
    ],
    ['no request', 'hello', /not a certificate signing request/],
  ];
  for (const [what, request, why] of table) {
    const answer = await api.ask({ token }, 'POST', path, { node: 'a', request });
    t.is(answer.status, 400, `${what}: ${JSON.stringify(answer.body)}`);
    t.regex(answer.body.message, why, what);
  }
  for (const node of ['../a', 'A', '', 'x'.repeat(60), 'a\nb'])
    t.is((await api.ask({ token }, 'POST', path, { node, request: 'x' })).status, 400, node);
  t.is((await api.enrolment.listTokens())[0]?.usesLeft, 1, 'nothing was used');
  const rsa = await api.ask({ token }, 'POST', path, { node: 'a', request: csr(good, ['-newkey', 'rsa:2048']) });
  t.is(rsa.status, 201);
});

test('an authority is believed by its fingerprint alone', async (t) => {
  const api = await createTlsApi(t);
  const { pin } = await api.enrolment.createToken({ ttlMs: 60_000, uses: 1 });
  const token = { api: [api.address], pin, id: 'aaaaaaaaaa', secret: 'x'.repeat(43) };
  t.is((await fetchPinnedAuthority(token)).ca.trim(), api.authority.certificate.trim());
  await t.throwsAsync(fetchPinnedAuthority({ ...token, pin: '0'.repeat(64) }), {
    message: /not the one the token names/,
  });
  await t.throwsAsync(fetchPinnedAuthority({ ...token, api: ['https://127.0.0.1:1'] }), { message: /ECONNREFUSED/ });
});

test('a server without the key of the authority says so', async (t) => {
  const api = await createTlsApi(t);
  const admin = await api.client('root', ['system:masters']);
  writeFileSync(api.file('ca.key'), await createNodeKey());
  const other = await api.ask(admin, 'POST', '/enrolment/v1/tokens', {});
  t.is(other.status, 501);
  t.regex(other.body.message, /cannot sign: no certificate in .*ca\.crt belongs to .*ca\.key/);
});

test('join tokens of other forms are refused without being repeated', (t) => {
  const token = { api: ['https://192.0.2.1:5443'], pin: 'a'.repeat(64), id: 'abcdefghij', secret: 's'.repeat(43) };
  const text = printJoinToken(token);
  t.regex(text, /^calico-join\.v1\.[A-Za-z0-9_-]+$/);
  t.deepEqual(parseJoinToken(text), token);
  const damaged = [
    text.slice(0, -5),
    `${text}!`,
    'calico-join.v2.e30',
    'hello',
    'calico-join.v1.e30',
    printJoinToken({ ...token, api: ['http://x:1'] }),
  ];
  for (const wrong of damaged) {
    const found = parseJoinToken(wrong);
    t.true('problem' in found, wrong);
    t.false(JSON.stringify(found).includes(wrong));
  }
});

test('calico.env keeps what others have written', (t) => {
  const text = '# mine\nFOO="a b"\n\nNODENAME=old\nexport BAR=1';
  t.deepEqual(mergeEnv(text, { NODENAME: 'old', X: '1' }), { text: `${text}\nX=1\n`, replaced: [] });
  t.deepEqual(mergeEnv(text, { NODENAME: 'new' }), {
    text: '# mine\nFOO="a b"\n\nexport BAR=1\nNODENAME=new\n',
    replaced: ['NODENAME'],
  });
  t.deepEqual(mergeEnv('', { X: '1' }), { text: 'X=1\n', replaced: [] });
});
