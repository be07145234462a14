/** What surrounds etcd's own services: health, reflection, pages for monitoring, and clients that bring a password. */
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Store, StoreAlarm } from '#appliance/datastore/store.ts';
import { etcdctl, serveMemory } from './face.ts';

const healthProto = fileURLToPath(import.meta.resolve('grpc-health-check')).replace(/build\/src\/health\.js$/, 'proto');
const reflectionProto = fileURLToPath(import.meta.resolve('@grpc/reflection')).replace(/src\/index\.js$/, 'proto');

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function get(socketPath: string, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, method, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

/** A store that has these alarms, or does not answer. */
async function troubled(alarms: readonly StoreAlarm[] | Error): Promise<Store> {
  const store = await openMemoryStore();
  return Object.assign(Object.create(store), {
    status: async () => {
      if (alarms instanceof Error) throw alarms;
      return { ...(await store.status()), alarms };
    },
    revisions: () => store.revisions(),
    close: () => store.close(),
  }) as Store;
}

test('the port answers plain HTTP as etcd does', async (t) => {
  await using served = await serveMemory();
  await served.store.put(Buffer.from('/a'), Buffer.from('1'));
  t.like(await get(served.socketPath, '/health'), { status: 200, body: '{"health":"true","reason":""}' });
  const version = JSON.parse((await get(served.socketPath, '/version')).body);
  t.is(version.etcdserver, (await served.store.status()).version);
  const metrics = await get(served.socketPath, '/metrics');
  t.regex(metrics.body, /^etcd_server_has_leader 1$/m);
  t.regex(metrics.body, /^etcd_debugging_mvcc_current_revision 2$/m);
  t.regex(metrics.type, /version=0\.0\.4/);
  t.is((await get(served.socketPath, '/other')).status, 404);
  t.is((await get(served.socketPath, '/health', 'POST')).status, 405);
});

test('`/health` and etcdctl tell of an alarm, `/health` also of silence', async (t) => {
  await using full = await serveMemory({ store: await troubled(['NOSPACE']), listen: 'http://127.0.0.1:0' });
  const answer = await fetch(`${full.face.address}/health`);
  t.is(answer.status, 503);
  t.deepEqual(await answer.json(), { health: 'false', reason: 'ALARM NOSPACE' });
  const endpoint = full.face.address.replace('http://', '');
  t.is((await etcdctl(endpoint, 'alarm', 'list')).out, 'memberID:9223372036854775809 alarm:NOSPACE \n');
  t.regex((await etcdctl(endpoint, 'endpoint', 'status', '-w', 'json')).out, /alarm:NOSPACE/);
  await using silent = await serveMemory({ store: await troubled(new Error('gone')), listen: 'http://127.0.0.1:0' });
  t.is((await fetch(`${silent.face.address}/health`)).status, 503);
});

test('a connection that says nothing sensible is let go', async (t) => {
  await using served = await serveMemory({ listen: 'http://127.0.0.1:0' });
  const { connect } = await import('node:net');
  const socket = connect(Number(new URL(served.face.address).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('PRx nonsense\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve).resume());
  t.is((await fetch(`${served.face.address}/health`)).status, 200);
});

test('the health service serves the whole and each service, and knows no others', async (t) => {
  await using served = await serveMemory();
  const Health = grpc.loadPackageDefinition(
    loadSync(`${healthProto}/health/v1/health.proto`, { enums: String }),
  ) as never as {
    grpc: { health: { v1: { Health: grpc.ServiceClientConstructor } } };
  };
  const client = new Health.grpc.health.v1.Health(`unix:${served.socketPath}`, grpc.credentials.createInsecure());
  const check = (service: string) => call<{ status: string }>(client, 'check', { service });
  t.is((await check('')).status, 'SERVING');
  t.is((await check('etcdserverpb.KV')).status, 'SERVING');
  await t.throwsAsync(check('other'), { message: /NOT_FOUND/ });
  const told: string[] = [];
  const watch = (client as never as { watch(request: object): grpc.ClientReadableStream<{ status: string }> }).watch(
    {},
  );
  watch.on('data', ({ status }) => told.push(status)).on('error', () => undefined);
  await new Promise((resolve) => watch.once('data', resolve));
  await served.face.close();
  t.deepEqual(told, ['SERVING', 'NOT_SERVING']);
  client.close();
});

test('server reflection lists the services, in both versions', async (t) => {
  await using served = await serveMemory();
  for (const version of ['v1', 'v1alpha']) {
    const definition = loadSync(`${reflectionProto}/grpc/reflection/${version}/reflection.proto`, { keepCase: true });
    const service = definition[`grpc.reflection.${version}.ServerReflection`] as grpc.ServiceDefinition;
    const Reflection = grpc.makeClientConstructor(service, 'ServerReflection');
    const client = new Reflection(`unix:${served.socketPath}`, grpc.credentials.createInsecure());
    const stream = (
      client as never as { ServerReflectionInfo(): grpc.ClientDuplexStream<object, object> }
    ).ServerReflectionInfo();
    stream.write({ list_services: '' });
    const answer = await new Promise<object>((resolve, reject) => stream.once('data', resolve).once('error', reject));
    t.regex(JSON.stringify(answer), /etcdserverpb\.KV/, version);
    stream.end();
    client.close();
  }
});

test('a client that brings a password is told that none is needed, and goes on', async (t) => {
  await using served = await serveMemory({ listen: 'http://127.0.0.1:0' });
  const endpoint = served.face.address.replace('http://', '');
  t.is((await etcdctl(endpoint, '--user', 'someone:secret', 'put', '/a', '1')).out, 'OK\n');
});

function call<T>(client: grpc.Client, method: string, argument: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const invoke = (client as never as Record<string, (a: object, done: (e: Error | null, v: T) => void) => void>)[
      method
    ]!;
    invoke.call(client, argument, (error, value) => (error === null ? resolve(value) : reject(error)));
  });
}
