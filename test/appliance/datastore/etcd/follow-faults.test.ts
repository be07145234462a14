import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { followStore } from '#appliance/datastore/follow.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { Recorder } from '../recorder.ts';
import { type EtcdServer, startEtcd } from './etcd-server.ts';

const bytes = (text: string) => Buffer.from(text);

test('`followStore()` goes on where it was when etcd is killed and restarted at once', async (t) => {
  await using etcd = await startEtcd();
  await using world = await follow(etcd);
  const { store, sink } = world;
  for (let i = 0; i < 20; i++) await store.put(bytes(`/a/${i}`), bytes('1'));
  await sink.until((s) => s.content.size === 20);
  await etcd.kill('SIGKILL');
  await etcd.start();
  await store.put(bytes('/a/0'), bytes('2'));
  await sink.until((s) => s.content.get('/a/0') === '2');
  t.is(sink.updates.length, 21);
  t.deepEqual(sink.statuses, ['wait', 'resync', 'in-sync']);
  t.deepEqual(sink.faults, []);
});

test('`followStore()` says wait while etcd is dead for long, and in-sync only when it has caught up', async (t) => {
  await using etcd = await startEtcd();
  await using world = await follow(etcd);
  const { store, sink } = world;
  await store.put(bytes('/a/1'), bytes('1'));
  await sink.until((s) => s.content.size === 1);
  await etcd.kill('SIGKILL');
  await sink.until((s) => s.status === 'wait');
  await sleep(1_000);
  t.is(sink.status, 'wait');
  await etcd.start();
  await sink.until((s) => s.status === 'in-sync');
  await store.put(bytes('/a/1'), bytes('2'));
  await sink.until((s) => s.content.get('/a/1') === '2');
  t.is(sink.updates.length, 2);
  t.deepEqual(sink.faults, []);
});

test('`followStore()` notices a frozen etcd and follows again once it thaws', async (t) => {
  await using etcd = await startEtcd();
  await using world = await follow(etcd);
  const { store, sink } = world;
  await store.put(bytes('/a/1'), bytes('1'));
  await sink.until((s) => s.content.size === 1);
  etcd.freeze();
  await sink.until((s) => s.status === 'wait');
  etcd.thaw();
  await sink.until((s) => s.status === 'in-sync');
  await store.put(bytes('/a/2'), bytes('2'));
  await sink.until((s) => s.content.size === 2);
  t.deepEqual(sink.faults, []);
});

test('`followStore()` lists again when history was compacted behind its back', async (t) => {
  await using etcd = await startEtcd();
  await using world = await follow(etcd);
  const { store, sink } = world;
  for (const key of ['/a/1', '/a/2', '/a/3']) await store.put(bytes(key), bytes('1'));
  await sink.until((s) => s.content.size === 3);
  etcd.freeze();
  await sink.until((s) => s.status === 'wait');
  const writer = openEtcdStore({ endpoints: [etcd.endpoint], log });
  etcd.thaw();
  await writer.put(bytes('/a/1'), bytes('2'));
  await writer.delete({ key: bytes('/a/2') });
  const { revision } = await writer.put(bytes('/b'), bytes('elsewhere'));
  await writer.compact(revision);
  await sink.until((s) => s.status === 'in-sync' && s.content.get('/a/1') === '2' && !s.content.has('/a/2'));
  t.deepEqual(sink.faults, []);
  await writer.close();
});

interface World extends AsyncDisposable {
  readonly store: Store;
  readonly sink: Recorder;
}

async function follow(etcd: EtcdServer): Promise<World> {
  const store = openEtcdStore({
    endpoints: [etcd.endpoint],
    log,
    requestTimeoutMs: 3_000,
    watchResumeTimeoutMs: 3_000,
  });
  const sink = new Recorder();
  const follower = followStore({ store, prefixes: ['/a/'], sink, log, backoffMaxMs: 500 });
  await sink.until((s) => s.status === 'in-sync');
  return {
    store,
    sink,
    async [Symbol.asyncDispose]() {
      await follower.close();
      await store.close();
    },
  };
}
