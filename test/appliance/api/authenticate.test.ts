/** Every way to fail to prove who one is, over a real TLS server: refused with 401, and told. And that no secret reaches a log. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { SignJWT, UnsecuredJWT } from 'jose';
import { createAuthority, issueCertificate } from '#appliance/pki/authority.ts';
import { createTokens } from '#appliance/tokens/service-account.ts';
import { createTestApi } from './test-api.ts';
import { createTlsApi } from './test-tls.ts';

const ci = { namespace: 'default', name: 'ci', uid: 'uid-1' };
const wish = { seconds: 600, audiences: [] };
const hourMs = 3_600_000;

test('every proof that does not hold is refused with 401 and told with its reason', async (t) => {
  const api = await createTlsApi(t);
  api.accounts.set('default/ci', ci.uid).set('default/gone', 'uid-2').set('default/anew', 'uid-3');
  const { token } = await api.tokens.issue(ci, wish);
  const good = await api.ask({ token }, 'GET', '/version');
  t.is(good.status, 200, JSON.stringify(api.lines));
  const tokenOf = async (options: Partial<typeof api.tokenOptions>, account = ci, audiences: string[] = []) =>
    (await createTokens({ ...api.tokenOptions, ...options }).issue(account, { seconds: 600, audiences })).token;
  const [head, payload, signature] = token.split('.') as [string, string, string];
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const foreignKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = JSON.parse(Buffer.from(head, 'base64url').toString()).kid;
  const foreign = await createAuthority('foreign', { from: new Date(), days: 2 });
  const request = { commonName: 'mallory', organizations: ['system:masters'], usage: 'client' } as const;
  const byForeign = await issueCertificate(foreign, request, { from: new Date(), days: 1 });
  const server = signForServers(api.file);
  const gone = await tokenOf({}, { ...ci, name: 'gone', uid: 'uid-2' });
  const anew = await tokenOf({}, { ...ci, name: 'anew', uid: 'uid-3' });
  api.accounts.delete('default/gone');
  api.accounts.set('default/anew', 'uid-4');
  const revoked = await api.enrolment.createToken({ ttlMs: hourMs, uses: 1 });
  await api.enrolment.revokeToken(revoked.record.id);
  const join = await api.enrolment.createToken({ ttlMs: hourMs, uses: 1 });
  const tampered = Buffer.from(JSON.stringify({ ...claims, sub: 'system:serviceaccount:default:root' }));
  const ended = await api.client('old', ['system:masters'], 1, new Date(Date.now() - 48 * hourMs));
  const early = await api.client('early', ['system:masters'], 1, new Date(Date.now() + 48 * hourMs));
  const hs256 = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(Buffer.from('0123456789abcdef0123456789abcdef'));
  const byOther = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(foreignKey.privateKey);
  const notYet = { ...claims, nbf: claims.nbf + 3600 };

  const table: readonly (readonly [string, Parameters<typeof api.ask>[0], RegExp])[] = [
    ['nothing', {}, /neither a client certificate nor a token/],
    ['an expired certificate', ended, /certificate has expired/],
    ['a certificate that is not valid yet', early, /not valid yet/],
    ['a certificate of another authority', { cert: byForeign.certificate, key: byForeign.key }, /another authority/],
    ['a certificate without a name', await api.client('', ['system:masters']), /no common name/],
    ['a bad certificate beside a good token', { ...ended, token }, /certificate has expired/],
    ['an expired token', { token: await tokenOf({ now: () => Date.now() - hourMs }) }, /token has expired/],
    ['a token for another audience', { token: await tokenOf({}, ci, ['vault']) }, /another audience/],
    ['a token of another issuer', { token: await tokenOf({ issuer: 'other' }) }, /claim iss/],
    ['a token that begins later', { token: await sign(api, notYet, kid) }, /claim nbf/],
    ['a signature by another key', { token: byOther }, /signature is wrong/],
    ['alg none', { token: new UnsecuredJWT(claims).encode() }, /not signed by the algorithm|not a well-formed/],
    [
      'alg none, with a signature',
      { token: `${b64({ alg: 'none', kid })}.${payload}.${signature}` },
      /algorithm|well-formed/,
    ],
    ['HS256', { token: hs256 }, /not signed by the algorithm ES256/],
    ['changed claims', { token: `${head}.${tampered.toString('base64url')}.${signature}` }, /signature is wrong/],
    ['a cut signature', { token: token.slice(0, -8) }, /signature is wrong|well-formed/],
    ['a deleted account', { token: gone }, /has been deleted$/],
    ['an account made anew', { token: anew }, /deleted and made anew/],
    ['no JWT', { token: 'hello' }, /not a well-formed JWT/],
    ['a very long token', { token: 'x'.repeat(9000) }, /too long/],
    ['a password', { headers: { authorization: 'Basic cm9vdDpyb290' } }, /Authorization header/],
    ['a revoked join token', { token: `calico-join:${revoked.record.id}:${revoked.secret}` }, /revoked/],
    ['a wrong secret', { token: `calico-join:${join.record.id}:${revoked.secret}` }, /secret of the join token/],
    ['half a join token', { token: `calico-join:${join.record.id}` }, /damaged/],
    ['a certificate for servers only', server, /not for clients|does not hold/],
  ];
  for (const [what, who, why] of table) {
    const before = api.lines.length;
    const answer = await api.ask(who, 'GET', '/apis/projectcalico.org/v3/tiers');
    t.is(answer.status, 401, what);
    t.is(answer.body.reason, 'Unauthorized', what);
    t.is(answer.headers['www-authenticate'], 'Bearer realm="calico"', what);
    const told = api.lines.slice(before).filter(({ message }) => message === 'refused');
    t.is(told.length, 1, what);
    t.regex(String(told[0]?.why), why, what);
  }
  api.clock.offsetMs = 2 * hourMs;
  t.is((await api.ask({ token: `calico-join:${join.record.id}:${join.secret}` }, 'GET', '/version')).status, 401);
  t.regex(String(api.lines.at(-1)?.why), /join token has expired/);
});

/** By openssl: what is issued here is for clients always. */
function signForServers(file: (name: string) => string) {
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file('srv.key')];
  openssl('req', ...key, '-subj', '/O=system:masters/CN=srv', '-out', file('srv.csr'));
  writeFileSync(file('srv.ext'), 'extendedKeyUsage=serverAuth\n');
  const by = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file('srv.ext')];
  openssl('x509', '-req', '-in', file('srv.csr'), ...by, '-out', file('srv.crt'), '-days', '1');
  return { cert: readFileSync(file('srv.crt')), key: readFileSync(file('srv.key')) };
}

const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(api: Awaited<ReturnType<typeof createTlsApi>>, claims: object, kid: string): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid }).sign(api.tokenOptions.keys().signing.key);
}

test('a certificate that ends while its connection stays open is refused from then on', async (t) => {
  const api = await createTlsApi(t);
  const admin = await api.client('root', ['system:masters']);
  const { Agent } = await import('node:https');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  t.is((await api.ask({ ...admin, agent }, 'GET', '/version')).status, 200);
  api.clock.offsetMs = 25 * hourMs;
  t.is((await api.ask({ ...admin, agent }, 'GET', '/version')).status, 401);
});

test('TokenRequest gives a token that is taken, bounds its life, and names every problem; TokenReview says whose it is', async (t) => {
  const api = await createTlsApi(t);
  const admin = await api.client('root', ['system:masters']);
  const path = '/api/v1/namespaces/default/serviceaccounts/ci/token';
  t.is((await api.ask(admin, 'POST', path, {})).status, 404);
  api.accounts.set('default/ci', 'uid-1');
  const given = await api.ask(admin, 'POST', path, { spec: { expirationSeconds: 600 } });
  t.is(given.status, 201);
  t.deepEqual(given.body.spec, { audiences: ['calico-apiserver'], expirationSeconds: 600 });
  const { token } = given.body.status;
  const who = await api.ask({ token }, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
  t.deepEqual(who.body.status.userInfo, {
    username: 'system:serviceaccount:default:ci',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
  });
  const review = await api.ask(admin, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } });
  t.like(review.body.status, { authenticated: true, audiences: ['calico-apiserver'], user: { uid: 'uid-1' } });
  const other = { spec: { token, audiences: ['vault'] } };
  const refused = await api.ask(admin, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', other);
  t.deepEqual(refused.body.status, { authenticated: false, error: 'the token is for another audience' });
  t.is((await api.ask({ token }, 'POST', path, {})).status, 403, 'a token does not make tokens');
  const long = await api.ask(admin, 'POST', path, { spec: { expirationSeconds: 10 ** 7 } });
  t.is(long.body.spec.expirationSeconds, 86_400);
  t.regex(String(long.headers.warning), /shortened to 86400 seconds/);
  const wrong = await api.ask(admin, 'POST', path, {
    spec: { expirationSeconds: 599, audiences: [''], boundObjectRef: {} },
  });
  t.is(wrong.status, 422);
  t.deepEqual(
    wrong.body.details.causes.map(({ field }: { field: string }) => field),
    ['spec.audiences', 'spec.expirationSeconds', 'spec.boundObjectRef'],
  );
  api.accounts.delete('default/ci');
  t.is((await api.ask({ token }, 'GET', '/version')).status, 401);
});

test('keys of tokens are made for their owner alone, and rotate: the first signs, all are believed', async (t) => {
  const api = await createTlsApi(t);
  t.is(statSync(api.file('token.key')).mode & 0o777, 0o600);
  api.accounts.set('default/ci', ci.uid);
  const { token } = await api.tokens.issue(ci, wish);
  const next = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  await api.setKeys(`${next}${api.keyText()}`);
  const { token: newer } = await api.tokens.issue(ci, wish);
  t.true((await api.tokens.verify(token)).isGood);
  t.true((await api.tokens.verify(newer)).isGood);
  await api.setKeys(String(next));
  t.false((await api.tokens.verify(token)).isGood);
  t.true((await api.tokens.verify(newer)).isGood);
  await t.throwsAsync(api.setKeys('nonsense'), { message: /no key in PEM/ });
});

test('no secret of a request reaches a log, whatever becomes of the request', async (t) => {
  const api = await createTlsApi(t);
  const admin = await api.client('root', ['system:masters']);
  api.accounts.set('default/ci', ci.uid);
  const secret = 'S3cr3t-VALUE-0123456789';
  const { token } = await api.tokens.issue(ci, wish);
  const join = await api.ask(admin, 'POST', '/enrolment/v1/tokens', {});
  const given = await api.ask(admin, 'POST', '/api/v1/namespaces/default/serviceaccounts/ci/token', {});
  const root = '/apis/projectcalico.org/v3';
  const body = { metadata: { name: 'a' }, spec: { nets: ['192.0.2.1'], password: secret } };
  for (const who of [
    {},
    admin,
    { token },
    { token: `${token}x` },
    { token: secret },
    { headers: { authorization: `Basic ${secret}` } },
  ]) {
    await api.ask(who, 'POST', `${root}/globalnetworksets?access_token=${secret}`, body);
    await api.ask(who, 'PUT', `${root}/globalnetworksets/a?token=${secret}`, `{"password": "${secret}`);
    await api.ask(who, 'GET', `${root}/nowhere?token=${secret}`);
    await api.ask(who, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      spec: { token: given.body.status.token },
    });
    await api.ask(who, 'POST', '/enrolment/v1/certificates', { node: 'n', request: secret });
  }
  await api.store.close();
  await api.ask({ ...admin, headers: { 'x-secret': secret } }, 'GET', `${root}/tiers?token=${secret}`);
  const logged = JSON.stringify(api.lines);
  t.true(api.lines.length > 20);
  for (const text of [secret, token, join.body.secret, given.body.status.token, token.split('.')[2]!])
    t.false(logged.includes(text));
});

test('certificates that are replaced on disk count for new connections; bad ones are told and kept out', async (t) => {
  const api = await createTlsApi(t);
  const admin = await api.client('root', ['system:masters']);
  const serial = async () => {
    const tls = await import('node:tls');
    const socket = tls.connect({ port: api.port, host: '127.0.0.1', ca: api.authority.certificate });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    const found = socket.getPeerX509Certificate()!.serialNumber;
    socket.destroy();
    return found;
  };
  const first = await serial();
  const told = async (message: string) => {
    for (let i = 0; i < 100 && !api.lines.some((line) => line.message === message); i++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    return api.lines.some((line) => line.message === message);
  };
  api.write('api', { certificate: 'nonsense', key: 'nonsense' });
  t.true(await told('new certificates cannot be used, keeping those in use'));
  t.is(await serial(), first);
  api.write('api', await api.issueServer());
  t.true(await told('certificates read anew'));
  t.not(await serial(), first);
  t.is((await api.ask(admin, 'GET', '/version')).status, 200);
});

test('over loopback a request is its own administrator only when it asks for a loopback address and no foreign page sent it', async (t) => {
  const api = await createTestApi();
  t.teardown(() => api.store.close());
  const codeOf = async (headers: Record<string, string>) =>
    (await api.call('GET', 'tiers', undefined, headers)).statusCode;
  for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080', '127.1.2.3'])
    t.is(await codeOf({ host }), 200, host);
  for (const host of ['rebound.example.org:8080', '127.0.0.1.example.org', '192.0.2.1', 'localhost.example.org'])
    t.is(await codeOf({ host }), 401, host);
  const host = '127.0.0.1:8080';
  t.is(await codeOf({ host, origin: 'http://127.0.0.1:8080' }), 200, 'our own pages');
  for (const origin of ['http://example.org', 'http://127.0.0.1:9090', 'null'])
    t.is(await codeOf({ host, origin }), 401, origin);
});
