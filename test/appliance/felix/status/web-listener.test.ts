import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { createServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createWebListener, type WebTls } from '#appliance/felix/status/web-listener.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { createAuthority } from '../../datastore/etcd/authority.ts';
import { freePort } from '../../datastore/etcd/etcd-server.ts';
import { until } from './test-store.ts';

function open(t: ExecutionContext, text = 'hello') {
  const listener = createWebListener({ answer: (_, response) => response.end(text), log: silentLogger, retryMs: 20 });
  t.teardown(() => listener.close());
  return listener;
}

const read = (port: number) =>
  fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(
    (response) => response.text(),
    (error: Error) => (error.cause as NodeJS.ErrnoException).code,
  );

test('a port opens, moves and closes as configured', async (t) => {
  const listener = open(t);
  const [one, two] = [await freePort(), await freePort()];
  listener.configure({ host: '127.0.0.1', port: one });
  await listener.settled();
  t.is(await read(one), 'hello');
  listener.configure({ host: 'localhost', port: two });
  await listener.settled();
  t.is(await read(one), 'ECONNREFUSED');
  t.is(await read(two), 'hello', 'localhost is the IPv4 address where there is one');
  listener.configure(undefined);
  await listener.settled();
  t.is(await read(two), 'ECONNREFUSED');
});

test('a port that is taken is said, and had as soon as it is free', async (t) => {
  const listener = open(t);
  const port = await freePort();
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  listener.configure({ host: '127.0.0.1', port });
  await listener.settled();
  t.regex(listener.problem ?? '', /EADDRINUSE/);
  other.close();
  await until(() => listener.problem === undefined);
  await listener.settled();
  t.is(await read(port), 'hello');
});

const verdicts: readonly (readonly [WebTls['clientAuth'], none: boolean, ours: boolean, foreign: boolean])[] = [
  ['NoClientCert', true, true, true],
  ['RequireAnyClientCert', false, true, true],
  ['VerifyClientCertIfGiven', true, true, false],
  ['RequireAndVerifyClientCert', false, true, false],
];

for (const [clientAuth, none, ours, foreign] of verdicts) {
  test(`over TLS ${clientAuth} lets in who it says`, async (t) => {
    const authority = createAuthority();
    t.teardown(() => authority[Symbol.dispose]());
    authority.certificate('ca', 'server', 'IP:127.0.0.1');
    authority.certificate('ca', 'client');
    authority.authority('other');
    authority.certificate('other', 'stranger');
    const listener = open(t);
    const port = await freePort();
    const files = { certFile: authority.path('server.crt'), keyFile: authority.path('server.key') };
    listener.configure({ host: '127.0.0.1', port, tls: { ...files, caFile: authority.path('ca.crt'), clientAuth } });
    await listener.settled();
    const ask = (who?: string) =>
      readSecurely(port, {
        ca: authority.pem('ca.crt'),
        ...(who === undefined ? {} : { cert: authority.pem(`${who}.crt`), key: authority.pem(`${who}.key`) }),
      });
    t.is(await ask(), none);
    t.is(await ask('client'), ours);
    t.is(await ask('stranger'), foreign);
  });
}

test('over TLS a certificate that is not there is said, and the port stays shut until it is', async (t) => {
  const authority = createAuthority();
  t.teardown(() => authority[Symbol.dispose]());
  authority.certificate('ca', 'server', 'IP:127.0.0.1');
  const listener = open(t);
  const port = await freePort();
  const certFile = authority.path('late.crt');
  const tls = { certFile, keyFile: authority.path('server.key'), caFile: '', clientAuth: 'NoClientCert' } as const;
  listener.configure({ host: '127.0.0.1', port, tls });
  await listener.settled();
  t.regex(listener.problem ?? '', /late\.crt/);
  t.is(await read(port), 'ECONNREFUSED');
  writeFileSync(certFile, authority.pem('server.crt'));
  await until(() => listener.problem === undefined);
  await listener.settled();
  t.true(await readSecurely(port, { ca: authority.pem('ca.crt') }));
});

/** Whether there was an answer. */
function readSecurely(port: number, options: RequestOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
      response.resume();
      response.once('end', () => resolve(true));
    });
    call.once('error', () => resolve(false)).end();
  });
}
