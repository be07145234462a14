import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { openBareWatch, serveMemory, type WireWatchAnswer } from './face.ts';

const bytes = (text: string) => Buffer.from(text);
const all = { key: Buffer.from([0]), range_end: Buffer.from([0]) };
const keys = (answers: readonly WireWatchAnswer[]) =>
  answers.flatMap((answer) => answer.events.map((event) => `${event.type === 0 ? '+' : '-'}${event.kv.key}`));

test('Watch numbers watches from 0, takes given ids, and refuses one in use', async (t) => {
  await using served = await serveMemory();
  const watch = openBareWatch(`unix:${served.socketPath}`);
  for (const watch_id of [0, 1, 0, 1]) watch.stream.write({ create_request: { ...all, watch_id } });
  await watch.until((received) => received.length === 4);
  t.deepEqual(
    watch.received.map((answer) => [answer.watch_id, answer.created, answer.canceled]),
    [
      [0, true, false],
      [1, true, false],
      [2, true, false],
      [-1, true, true],
    ],
  );
  t.is(watch.received[3]!.cancel_reason, 'mvcc: watch ID already exists');
  watch.close();
});

test('Watch filters, cancels, and tells both kinds of change', async (t) => {
  await using served = await serveMemory();
  const watch = openBareWatch(`unix:${served.socketPath}`);
  watch.stream.write({ create_request: { ...all, filters: [0] } });
  watch.stream.write({ create_request: { ...all, filters: [1] } });
  watch.stream.write({ create_request: { key: bytes('/b') } });
  await watch.until((received) => received.length === 3);
  await served.store.put(bytes('/a'), bytes('1'));
  await served.store.delete({ key: bytes('/a') });
  await served.store.put(bytes('/b'), bytes('1'));
  await watch.until((received) => keys(received).length === 4);
  const of = (id: number) => keys(watch.received.filter((answer) => answer.watch_id === id));
  t.deepEqual([of(0), of(1), of(2)], [['-/a'], ['+/a', '+/b'], ['+/b']]);
  watch.stream.write({ cancel_request: { watch_id: 1 } });
  await watch.until((received) => received.some((answer) => answer.canceled));
  await served.store.put(bytes('/b'), bytes('2'));
  await watch.until((received) => keys(received).length === 5);
  t.is(of(2).length, 2);
  watch.close();
});

test('Watch replays history, and says which revision is the first left when it is compacted', async (t) => {
  await using served = await serveMemory();
  for (const value of ['1', '2', '3']) await served.store.put(bytes('/a'), bytes(value));
  const watch = openBareWatch(`unix:${served.socketPath}`);
  watch.stream.write({ create_request: { ...all, start_revision: 3 } });
  await watch.until((received) => keys(received).length === 2);
  await served.store.compact(4);
  watch.stream.write({ create_request: { ...all, start_revision: 3 } });
  await watch.until((received) => received.some((answer) => answer.canceled));
  const last = watch.received.at(-1)!;
  t.deepEqual([last.watch_id, last.compact_revision], [1, 4]);
  t.is(last.cancel_reason, 'etcdserver: mvcc: required revision has been compacted');
  watch.close();
});

test('Watch cuts a large revision into fragments only for those who asked', async (t) => {
  await using served = await serveMemory({ requestBytesMax: 3_000 });
  const watch = openBareWatch(`unix:${served.socketPath}`);
  watch.stream.write({ create_request: { ...all, fragment: true } });
  watch.stream.write({ create_request: all });
  await watch.until((received) => received.length === 2);
  const success = Array.from(
    { length: 10 },
    (_, i) => ({ type: 'put', key: bytes(`/${i}`), value: Buffer.alloc(1_000) }) as const,
  );
  await served.store.txn({ compare: [], success, failure: [] });
  await watch.until((received) => keys(received).length === 20);
  const sent = (id: number) => watch.received.filter((answer) => answer.watch_id === id && answer.events.length > 0);
  t.deepEqual(
    sent(0).map((answer) => answer.fragment),
    [true, true, true, true, false],
  );
  t.deepEqual(
    sent(1).map((answer) => answer.fragment),
    [false],
  );
  watch.close();
});

test('Watch reports progress on request and by itself, never beyond what was delivered', async (t) => {
  await using served = await serveMemory({ progressIntervalMs: 50 });
  const watch = openBareWatch(`unix:${served.socketPath}`);
  watch.stream.write({ create_request: { ...all, progress_notify: true } });
  await watch.until((received) => received.length === 1);
  const { revision } = await served.store.put(bytes('/a'), bytes('1'));
  await watch.until((received) => keys(received).length === 1);
  watch.stream.write({ progress_request: {} });
  await watch.until((received) => received.some((answer) => answer.watch_id === -1));
  t.is(watch.received.find((answer) => answer.watch_id === -1)!.header.revision, revision);
  const idle = (answer: WireWatchAnswer) => answer.watch_id === 0 && !answer.created && answer.events.length === 0;
  await watch.until((received) => received.some(idle));
  t.is(watch.received.find(idle)!.header.revision, revision);
  watch.close();
});

test('Watch reports the revision of the store to watches of quiet ranges', async (t) => {
  await using served = await serveMemory({ progressIntervalMs: 50 });
  const watch = openBareWatch(`unix:${served.socketPath}`);
  watch.stream.write({ create_request: { key: bytes('/quiet'), progress_notify: true } });
  watch.stream.write({ create_request: { key: bytes('/silent') } });
  await watch.until((received) => received.length === 2);
  const { revision } = await served.store.put(bytes('/a'), bytes('1'));
  watch.stream.write({ progress_request: {} });
  await watch.until((received) => received.some((answer) => answer.watch_id === -1));
  t.deepEqual(
    watch.received.slice(2).map((answer) => [answer.watch_id, answer.header.revision]),
    [
      [0, revision],
      [-1, revision],
    ],
  );
  const later = await served.store.put(bytes('/a'), bytes('2'));
  await watch.until((received) => received.some((answer) => answer.header.revision === later.revision));
  t.is(watch.received.at(-1)!.watch_id, 0);
  t.false(watch.received.slice(2).some((answer) => answer.watch_id === 1));
  watch.close();
});

test('Watch keeps a client that does not read from filling the memory, and loses nothing for it', async (t) => {
  const store = await openMemoryStore({ watchLimits: { eventsMax: 20, bytesMax: 1_000_000 } });
  await using served = await serveMemory({ store });
  const watch = openBareWatch(`unix:${served.socketPath}`);
  watch.stream.write({ create_request: all });
  await watch.until((received) => received.length === 1);
  watch.stream.pause();
  for (let i = 0; i < 600; i++) await store.put(bytes(`/${i}`), Buffer.alloc(20_000));
  await sleep(50);
  watch.stream.resume();
  await watch.until((received) => keys(received).length >= 600);
  t.deepEqual(
    keys(watch.received),
    Array.from({ length: 600 }, (_, i) => `+/${i}`),
  );
  watch.close();
});

test('closing the face ends its streams with "server stopped"', async (t) => {
  const served = await serveMemory();
  const watch = openBareWatch(`unix:${served.socketPath}`);
  watch.stream.write({ create_request: all });
  await watch.until((received) => received.length === 1);
  await served[Symbol.asyncDispose]();
  t.is(watch.errors[0]?.message, '14 UNAVAILABLE: etcdserver: server stopped');
  watch.close();
});
