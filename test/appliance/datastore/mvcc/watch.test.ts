/** What the embedded store promises of watches beyond the contract: limits, slices of history, shared batches. */
import test from 'ava';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Store, Watch, WatchBatch } from '#appliance/datastore/store.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import { readEvents } from '../../../contract/store/scope.ts';

const everything = { key: Buffer.from([1]), rangeEnd: Buffer.from([0]) };

test('a watcher that does not read is cut off by number of events, and nobody else is', async (t) => {
  const store = await openMemoryStore({ watchLimits: { eventsMax: 10 }, retention: false });
  const lazy = await store.watch(everything);
  const keen = await store.watch(everything);
  const reading = readEvents(t, keen, 30);
  for (let i = 0; i < 30; i++) {
    await put(store, `${i}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.is((await reading).length, 30);
  t.true(hasCode(await endOf(lazy), 'STORE_WATCH_OVERFLOW'));
  await store.close();
});

test('a watcher that does not read is cut off by bytes', async (t) => {
  const store = await openMemoryStore({ watchLimits: { bytesMax: 10_000 }, retention: false });
  const lazy = await store.watch(everything);
  for (let i = 0; i < 4; i++) await store.put(Buffer.from(`${i}`), Buffer.alloc(4000));
  t.true(hasCode(await endOf(lazy), 'STORE_WATCH_OVERFLOW'));
  await store.close();
});

test('a watcher within its limits gets what piled up as one batch', async (t) => {
  const store = await openMemoryStore({ retention: false });
  const watch = await store.watch(everything);
  for (let i = 0; i < 20; i++) await put(store, `${i}`);
  const { value: batch } = await watch[Symbol.asyncIterator]().next();
  t.deepEqual([batch.events.length, batch.revision], [20, 21]);
  await store.close();
});

test('a single commit larger than the limits is delivered to a reader who keeps up', async (t) => {
  const store = await openMemoryStore({ watchLimits: { eventsMax: 10 }, retention: false });
  for (let i = 0; i < 50; i++) await put(store, `${i}`);
  const watch = await store.watch(everything);
  await store.delete(everything);
  t.is((await readEvents(t, watch, 50)).length, 50);
  await store.close();
});

test('a watcher far behind reads history in slices and is not cut off', async (t) => {
  const store = await openMemoryStore({ watchLimits: { eventsMax: 10 }, retention: false });
  for (let i = 0; i < 1800; i++) await put(store, `${i % 100}`);
  const watch = await store.watch({ ...everything, startRevision: 2 });
  const batches: WatchBatch[] = [];
  for await (const batch of watch) {
    batches.push(batch);
    if (batch.revision >= 1801) break;
  }
  t.true(batches.length >= 3 && batches.every((batch) => batch.events.length <= 600));
  const revisions = batches.flatMap((batch) => batch.events.map(({ entry }) => entry.modRevision));
  t.deepEqual(
    revisions,
    Array.from({ length: 1800 }, (_, i) => i + 2),
  );
  await store.close();
});

test('a watcher whose history is compacted while it reads ends with STORE_COMPACTED', async (t) => {
  const store = await openMemoryStore({ retention: false });
  for (let i = 0; i < 1800; i++) await put(store, `${i % 100}`);
  const watch = await store.watch({ ...everything, startRevision: 2 });
  const batches = watch[Symbol.asyncIterator]();
  const { value: first } = await batches.next();
  await store.compact(first.revision + 100);
  await t.throwsAsync(() => batches.next(), { code: 'STORE_COMPACTED' });
  await store.close();
});

test('watchers of the same range share one batch', async (t) => {
  const store = await openMemoryStore({ retention: false });
  const [a, b] = [await store.watch(everything), await store.watch(everything)];
  await put(store, 'x');
  const [one, two] = await Promise.all([a, b].map((watch) => watch[Symbol.asyncIterator]().next()));
  t.is(one!.value, two!.value);
  await store.close();
});

test('close() of the store ends its watches with STORE_CLOSED, read or not', async (t) => {
  const store = await openMemoryStore();
  const [waiting, idle] = [await store.watch(everything), await store.watch(everything)];
  const ending = endOf(waiting);
  await store.close();
  t.true(hasCode(await ending, 'STORE_CLOSED'));
  t.true(hasCode(await endOf(idle), 'STORE_CLOSED'));
});

async function put(store: Store, key: string): Promise<void> {
  await store.put(Buffer.from(key), Buffer.from('1'));
}

async function endOf(watch: Watch): Promise<unknown> {
  try {
    for await (const { events } of watch) if (events.length === 0) return undefined;
    return undefined;
  } catch (error) {
    return error;
  }
}
