/** Clients that ask too much, too slowly or too long, over a real TLS server: each bounded, each told in words it understands. */
import { once } from 'node:events';
import https, { type RequestOptions } from 'node:https';
import tls from 'node:tls';
import test from 'ava';
import { createBuckets } from '#appliance/api/limits/buckets.ts';
import { createTlsApi } from './test-tls.ts';

const sets = '/apis/projectcalico.org/v3/globalnetworksets';

test('a bucket gives what it holds, fills steadily, and forgets the key not heard of for longest', (t) => {
  const buckets = createBuckets({ ratePerSecond: 2, burst: 3, keysMax: 2 });
  t.deepEqual(
    [1, 2, 3, 4].map(() => buckets.take('a', 0)),
    [0, 0, 0, 500],
  );
  t.is(buckets.look('a', 400), 100);
  t.is(buckets.take('a', 500), 0);
  t.is(buckets.take('a', -10_000), 500, 'a clock that is set back gives nothing');
  t.deepEqual(
    [1, 2, 3, 4].map(() => buckets.take('b', 0)),
    [0, 0, 0, 500],
  );
  buckets.take('c', 0);
  t.is(buckets.look('a', 0), 0, 'forgotten');
  t.is(buckets.look('b', 0), 500);
});

test('an identity over its rate gets 429 with a time to wait, others go on', async (t) => {
  const api = await createTlsApi(t, { limits: { ratePerSecond: 2 } });
  api.clock.atMs = Date.now();
  const [eve, adam] = [await api.client('eve', ['calico:viewers']), await api.client('adam', ['calico:viewers'])];
  const answers = [];
  for (let i = 0; i < 12; i++) answers.push(await api.ask(eve, 'GET', '/version'));
  const refused = answers.filter(({ status }) => status === 429);
  t.deepEqual(
    answers.map(({ status }) => status),
    [...Array(4).fill(200), ...Array(8).fill(429)],
  );
  t.like(refused[0]?.body, { kind: 'Status', reason: 'TooManyRequests', code: 429 });
  t.is(refused[0]?.headers['retry-after'], '1');
  t.is((await api.ask(adam, 'GET', '/version')).status, 200);
  t.is(api.lines.filter(({ message }) => message === 'limited').length, 1, 'a flood does not flood the log');
});

test('an address that keeps failing to prove who it is is not listened to for a while', async (t) => {
  const api = await createTlsApi(t, { limits: { failuresPerSecond: 1 } });
  api.clock.atMs = Date.now();
  const admin = await api.client('root', ['system:masters']);
  const statuses = [];
  for (let i = 0; i < 30; i++) statuses.push((await api.ask({ token: 'guess' }, 'GET', '/version')).status);
  t.deepEqual(statuses, [...Array(20).fill(401), ...Array(10).fill(429)]);
  t.is((await api.ask({ token: 'guess' }, 'GET', '/version')).status, 429);
  api.clock.offsetMs = 60_000;
  t.is((await api.ask(admin, 'GET', '/version')).status, 200);
});

test('bodies, URLs, heads and nonsense over the limits are answered with a Status', async (t) => {
  const api = await createTlsApi(t, { limits: { bodyBytesMax: 2048 } });
  const admin = await api.client('root', ['system:masters']);
  const large = await api.ask(admin, 'POST', sets, { metadata: { name: 'a' }, spec: { nets: ['x'.repeat(3000)] } });
  t.like(large.body, { kind: 'Status', reason: 'RequestEntityTooLarge', code: 413 });
  const long = await api.ask(admin, 'GET', `${sets}?labelSelector=${'a'.repeat(17_000)}`);
  t.like(long.body, { kind: 'Status', reason: 'RequestURITooLong', code: 414 });
  const head = await api.ask({ ...admin, headers: { 'x-long': 'a'.repeat(70_000) } }, 'GET', '/version');
  t.like(head.body, { kind: 'Status', reason: 'RequestHeaderFieldsTooLarge', code: 431 });
  const nonsense = await speak(api.port, 'HELLO\r\n\r\n');
  t.regex(nonsense, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*"kind":"Status"/);
});

test('a client that takes its time with a request is hung up on', async (t) => {
  const api = await createTlsApi(t, { connections: { requestTimeoutMs: 1500 } });
  const began = performance.now();
  const answer = await speak(api.port, 'GET /version HTTP/1.1\r\nHost: a\r\nX-Slow: ');
  t.regex(answer, /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*"kind":"Status"/);
  t.true(performance.now() - began < 20_000);
});

test('an identity may have so many watches at once, and gets a place back when one ends', async (t) => {
  const api = await createTlsApi(t, { limits: { watchesMax: 2 } });
  const eve = await api.client('eve', ['calico:viewers']);
  const watching = await Promise.all([openWatch(api.address, eve, api), openWatch(api.address, eve, api)]);
  t.is((await api.ask(eve, 'GET', `${sets}?watch=1&timeoutSeconds=1`)).status, 429);
  watching[0]!.destroy();
  const again = async () => (await api.ask(eve, 'GET', `${sets}?watch=1&timeoutSeconds=1`)).status;
  let status = 429;
  for (let i = 0; i < 50 && status === 429; i++) status = await again();
  t.is(status, 200);
  watching[1]!.destroy();
});

test('a client that does not read its watch is cut off, an idle one is not', async (t) => {
  const api = await createTlsApi(t, { connections: { stallTimeoutMs: 500 } });
  const admin = await api.client('root', ['system:masters']);
  const idle = await openWatch(api.address, admin, api, '/apis/projectcalico.org/v3/tiers?watch=1');
  const stalled = await openWatch(api.address, admin, api);
  const nets = Array.from({ length: 4000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const isTold = () => api.lines.some(({ message }) => message === 'client does not read');
  for (let i = 0; i < 300 && !isTold(); i++) {
    const name = `big-${i}`;
    t.is((await api.ask(admin, 'POST', sets, { metadata: { name }, spec: { nets } })).status, 201);
  }
  for (let i = 0; i < 100 && !isTold(); i++) await new Promise((resolve) => setTimeout(resolve, 100));
  t.true(isTold());
  t.false(idle.destroyed);
  idle.resume();
  const tier = { metadata: { name: 'late' }, spec: { order: 1 } };
  const [chunk] = await Promise.all([
    once(idle, 'data'),
    api.ask(admin, 'POST', '/apis/projectcalico.org/v3/tiers', tier),
  ]);
  t.regex(String(chunk), /"ADDED"/);
  idle.destroy();
  stalled.destroy();
});

/** A watch whose answer nobody reads, until it is resumed. */
async function openWatch(
  address: string,
  who: RequestOptions,
  api: { authority: { certificate: string } },
  path = `${sets}?watch=1&resourceVersion=1`,
) {
  const request = https.request(`${address}${path}`, { ca: api.authority.certificate, agent: false, ...who });
  request.on('error', () => undefined);
  request.end();
  const [response] = await once(request, 'response');
  response.on('error', () => undefined).pause();
  return response as import('node:http').IncomingMessage;
}

/** Sends text and gives everything that comes until the other end hangs up. */
async function speak(port: number, text: string): Promise<string> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}
