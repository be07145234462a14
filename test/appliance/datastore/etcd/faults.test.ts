import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import type { Watch, WatchEvent } from '#appliance/datastore/store.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { freePort, startEtcd } from './etcd-server.ts';

const bytes = (text: string) => Buffer.from(text);

test('a write that nobody was there to take fails as certainly not applied', async (t) => {
  const store = openEtcdStore({ endpoints: [`http://127.0.0.1:${await freePort()}`], log, requestTimeoutMs: 500 });
  const error = await t.throwsAsync(store.put(bytes('/a'), bytes('1')), { code: 'STORE_UNAVAILABLE' });
  t.like(error, { details: { maybeApplied: false }, retry: 'later' });
  await store.close();
});

test('a write that waits in vain for a connection fails as certainly not applied', async (t) => {
  const sockets = new Set<net.Socket>();
  const silent = net.createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as net.AddressInfo;
  const store = openEtcdStore({ endpoints: [`http://127.0.0.1:${port}`], log, requestTimeoutMs: 200 });
  const error = await t.throwsAsync(store.put(bytes('/a'), bytes('1')), { code: 'STORE_UNAVAILABLE' });
  t.like(error, { details: { maybeApplied: false } });
  await store.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test('a write whose answer is lost fails as perhaps applied, and is not sent again', async (t) => {
  await using etcd = await startEtcd();
  const store = openEtcdStore({ endpoints: [etcd.endpoint], log, requestTimeoutMs: 2_000 });
  await store.put(bytes('/a'), bytes('1'));
  etcd.freeze();
  const error = await t.throwsAsync(store.put(bytes('/a'), bytes('2')), { code: 'STORE_UNAVAILABLE' });
  t.like(error, { details: { maybeApplied: true } });
  etcd.thaw();
  await sleep(300);
  const { entries } = await store.range({ key: bytes('/a') });
  t.true([1, 2].includes(entries[0]!.version), `version ${entries[0]!.version}`);
  await store.close();
});

test('a read waits for a server that is restarting', async (t) => {
  await using etcd = await startEtcd();
  const store = openEtcdStore({ endpoints: [etcd.endpoint], log });
  await store.put(bytes('/a'), bytes('1'));
  await etcd.kill();
  const reading = store.range({ key: bytes('/a') });
  await sleep(200);
  await etcd.start();
  t.is((await reading).entries[0]?.value.toString(), '1');
  await store.close();
});

test('reads and writes go to the server that is there', async (t) => {
  await using etcd = await startEtcd();
  const dead = await Promise.all([freePort(), freePort()]);
  const endpoints = [...dead.map((port) => `http://127.0.0.1:${port}`), etcd.endpoint];
  const store = openEtcdStore({ endpoints, log });
  for (let i = 0; i < 20; i++) {
    await store.put(bytes('/a'), bytes(`${i}`));
    t.is((await store.range({ key: bytes('/a') })).entries[0]?.version, i + 1);
  }
  await store.close();
});

test('a server that takes connections and says nothing costs the first request two seconds, and no other', async (t) => {
  const sockets = new Set<net.Socket>();
  const silent = net.createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  await using etcd = await startEtcd();
  const { port } = silent.address() as net.AddressInfo;
  for (let i = 0; i < 4; i++) {
    const store = openEtcdStore({ endpoints: [`http://127.0.0.1:${port}`, etcd.endpoint], log });
    const began = performance.now();
    await store.put(bytes('/a'), bytes(`${i}`));
    t.true(performance.now() - began < 4_000);
    const watch = await store.watch({ key: bytes('/a') });
    await store.put(bytes('/a'), bytes('last'));
    t.is((await readUntil(watch, 'last')).length, 1);
    await store.close();
  }
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test('a request that is too large is refused with its size and the setting of etcd', async (t) => {
  await using etcd = await startEtcd();
  const store = openEtcdStore({ endpoints: [etcd.endpoint], log });
  for (const length of [1_600_000, 3_000_000])
    await t.throwsAsync(store.put(bytes('/set'), Buffer.alloc(length)), {
      code: 'STORE_TOO_LARGE',
      message: new RegExp(`/set has ${length} bytes, and etcd takes requests of 1.5 MiB unless .*--max-request-bytes`),
    });
  const puts = Array.from({ length: 200 }, (_, i) => ({ type: 'put', key: bytes(`/${i}`), value: bytes('') }) as const);
  await t.throwsAsync(store.txn({ compare: [], success: puts, failure: [] }), {
    code: 'STORE_TOO_LARGE',
    message: /200 operations .*--max-txn-ops/,
  });
  await store.close();
});

test('a full etcd refuses writes as certainly not done, says so in its status, and is read all the same', async (t) => {
  await using etcd = await startEtcd({ flags: ['--quota-backend-bytes', '2000000'] });
  const store = openEtcdStore({ endpoints: [etcd.endpoint], log });
  const error = await t.throwsAsync(async () => {
    for (let i = 0; i < 30; i++) await store.put(bytes(`/${i}`), Buffer.alloc(200_000));
  });
  t.like(error, { code: 'STORE_UNAVAILABLE', details: { maybeApplied: false } });
  t.regex(error!.message, /etcd is full: .*--quota-backend-bytes/);
  t.deepEqual((await store.status()).alarms, ['NOSPACE']);
  t.true((await store.range({ key: bytes('/'), rangeEnd: bytes('0'), countOnly: true })).count > 0);
  await store.close();
});

test('the status names each server, also those that do not answer', async (t) => {
  await using etcd = await startEtcd();
  const dead = `http://127.0.0.1:${await freePort()}`;
  const store = openEtcdStore({ endpoints: [dead, etcd.endpoint], log });
  const { members, version, sizeBytes, usedBytes } = await store.status();
  t.like(members, [{ endpoint: dead }, { endpoint: etcd.endpoint, version, sizeBytes, usedBytes, isLeader: true }]);
  t.regex((members[0] as { problem: string }).problem, /ECONNREFUSED/);
  await store.close();
});

test('the status fails when no server answers at all', async (t) => {
  const store = openEtcdStore({ endpoints: [`http://127.0.0.1:${await freePort()}`], log, requestTimeoutMs: 4_000 });
  await t.throwsAsync(store.status(), { code: 'STORE_UNAVAILABLE', message: /ECONNREFUSED/ });
  await store.close();
});

test('a watch has no gap and no repeat across kills of the server', async (t) => {
  await using etcd = await startEtcd();
  const store = openEtcdStore({ endpoints: [etcd.endpoint], log, watchResumeTimeoutMs: 30_000 });
  const watch = await store.watch({ key: bytes('/'), rangeEnd: bytes('0') });
  const reading = readUntil(watch, 'the end');
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 20; i++) await store.put(bytes(`/${i}`), bytes(`${round}`));
    await etcd.kill('SIGKILL');
    await etcd.start();
  }
  await store.put(bytes('/end'), bytes('the end'));
  const revisions = (await reading).map(({ entry }) => entry.modRevision);
  t.deepEqual(
    revisions,
    Array.from({ length: 61 }, (_, i) => i + revisions[0]!),
  );
  await store.close();
});

test('a watch gives up when the server stays away', async (t) => {
  await using etcd = await startEtcd();
  const store = openEtcdStore({ endpoints: [etcd.endpoint], log, watchResumeTimeoutMs: 300 });
  const watch = await store.watch({ key: bytes('/a') });
  const reading = readUntil(watch, 'never');
  await etcd.kill();
  await t.throwsAsync(reading, { code: 'STORE_UNAVAILABLE' });
  await store.close();
});

test('a watch does not wait in silence on a server that lost its data', async (t) => {
  const [first, second] = [await startEtcd(), await startEtcd()];
  let target = first.endpoint;
  const door = await openDoor(() => Number(new URL(target).port));
  const store = openEtcdStore({ endpoints: [`http://127.0.0.1:${door.port}`], log });
  for (let i = 0; i < 5; i++) await store.put(bytes('/a'), bytes(`${i}`));
  const reading = readUntil(await store.watch({ key: bytes('/a') }), 'never');
  target = second.endpoint;
  door.slam();
  await t.throwsAsync(reading, { code: 'STORE_COMPACTED' });
  await store.close();
  door.close();
  await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
});

async function readUntil(watch: Watch, value: string): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const batch of watch) {
    events.push(...batch.events);
    if (events.at(-1)?.entry.value.toString() === value) break;
  }
  return events;
}

/** A port that leads to another one, which may change; `slam` breaks what goes through. */
async function openDoor(target: () => number) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((inner) => {
    const outer = net.connect(target(), '127.0.0.1');
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => void sockets.delete(socket));
    }
    inner.pipe(outer).pipe(inner);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const slam = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as net.AddressInfo).port,
    slam,
    close() {
      slam();
      server.close();
    },
  };
}
