import test from 'ava';
import { storeErrors } from '#appliance/datastore/errors.ts';
import { followStore } from '#appliance/datastore/follow.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { Recorder } from './recorder.ts';

const bytes = (text: string) => Buffer.from(text);
const quick = { log, backoffMinMs: 5, backoffMaxMs: 20 };

test('`followStore()` tells wait, resync, everything there is, then in-sync', async (t) => {
  const store = await openMemoryStore();
  for (let i = 0; i < 1_203; i++) await store.put(bytes(`/a/${i}`), bytes(`${i}`));
  await store.put(bytes('/other'), bytes('no'));
  const sink = new Recorder();
  const follower = followStore({ store, prefixes: ['/a/'], sink, ...quick });
  await sink.until((s) => s.status === 'in-sync');
  t.deepEqual(sink.statuses, ['wait', 'resync', 'in-sync']);
  t.is(sink.content.size, 1_203);
  t.is(follower.revision, (await store.revisions()).current);
  t.deepEqual(sink.faults, []);
  await follower.close();
});

test('`followStore()` tells changes and deletions of its prefixes alone, in order', async (t) => {
  const store = await openMemoryStore();
  const sink = new Recorder();
  const follower = followStore({ store, prefixes: ['/c/', '/a/', '/a/b/'], sink, ...quick });
  await sink.until((s) => s.status === 'in-sync');
  await store.put(bytes('/a/b/1'), bytes('one'));
  await store.put(bytes('/b/1'), bytes('between the prefixes'));
  await store.put(bytes('/a/b/1'), bytes('two'));
  await store.delete({ key: bytes('/a/b/1') });
  await store.put(bytes('/c/1'), bytes('last'));
  await sink.until((s) => s.content.get('/c/1') === 'last');
  t.deepEqual(
    sink.updates.map((update) => [update.key, update.value?.toString()]),
    [
      ['/a/b/1', 'one'],
      ['/a/b/1', 'two'],
      ['/a/b/1', undefined],
      ['/c/1', 'last'],
    ],
  );
  t.deepEqual(sink.faults, []);
  await follower.close();
});

test('`followStore()` tells after an outage only what changed, and what was deleted meanwhile', async (t) => {
  const store = await openMemoryStore();
  for (let i = 0; i < 300; i++) await store.put(bytes(`/a/${i}`), bytes('old'));
  const breakable = breakableStore(store);
  const sink = new Recorder();
  const follower = followStore({ store: () => breakable.store, prefixes: ['/a/'], sink, ...quick });
  await sink.until((s) => s.status === 'in-sync');
  breakable.down();
  await sink.until((s) => s.status === 'wait');
  await store.put(bytes('/a/7'), bytes('new'));
  await store.delete({ key: bytes('/a/8') });
  const before = sink.updates.length;
  breakable.up();
  await sink.until((s) => s.status === 'in-sync');
  t.deepEqual(
    sink.updates.slice(before).map((update) => [update.key, update.value?.toString()]),
    [
      ['/a/7', 'new'],
      ['/a/8', undefined],
    ],
  );
  t.deepEqual(sink.statuses, ['wait', 'resync', 'in-sync', 'wait', 'resync', 'in-sync']);
  t.deepEqual(sink.faults, []);
  await follower.close();
});

test('`followStore()` is not in-sync while a list cannot be completed', async (t) => {
  const store = await openMemoryStore();
  await store.put(bytes('/a/1'), bytes('1'));
  const breakable = breakableStore(store);
  breakable.refuse('watch');
  const sink = new Recorder();
  const follower = followStore({ store: breakable.store, prefixes: ['/a/'], sink, ...quick });
  await sink.until((s) => s.statuses.filter((status) => status === 'wait').length > 3);
  t.false(sink.statuses.includes('in-sync'));
  breakable.up();
  await sink.until((s) => s.status === 'in-sync');
  t.is(sink.updates.length, 1);
  await follower.close();
});

test('`followStore()` distrusts equal revisions when the store has gone back', async (t) => {
  const first = await openMemoryStore();
  for (const value of ['x', 'y', 'z']) await first.put(bytes('/a/1'), bytes(value));
  await first.put(bytes('/a/2'), bytes('gone'));
  const second = await openMemoryStore();
  for (const value of ['p', 'q', 'r']) await second.put(bytes('/a/1'), bytes(value));
  let breakable = breakableStore(first);
  const sink = new Recorder();
  const follower = followStore({ store: () => breakable.store, prefixes: ['/a/'], sink, ...quick });
  await sink.until((s) => s.status === 'in-sync');
  const old = breakable;
  breakable = breakableStore(second);
  old.down();
  await sink.until((s) => s.content.get('/a/1') === 'r' && !s.content.has('/a/2'));
  t.pass();
  await follower.close();
});

test('`followStore()` tells on request how far it is, though nothing happens below its prefixes', async (t) => {
  const store = await openMemoryStore();
  const sink = new Recorder();
  const follower = followStore({ store, prefixes: ['/a/'], sink, ...quick });
  await sink.until((s) => s.status === 'in-sync');
  const { revision } = await store.put(bytes('/elsewhere'), bytes('1'));
  follower.requestProgress();
  await sink.until((s) => s.progress.length > 0);
  t.deepEqual(sink.progress, [revision]);
  t.is(follower.revision, revision);
  await follower.close();
});

test('`followStore()` answers a request for progress made while the store was away', async (t) => {
  const store = await openMemoryStore();
  const breakable = breakableStore(store);
  breakable.refuse('watch');
  const sink = new Recorder();
  const follower = followStore({ store: breakable.store, prefixes: ['/a/'], sink, ...quick });
  await sink.until((s) => s.status === 'wait' && s.statuses.length > 1);
  const { revision } = await store.put(bytes('/elsewhere'), bytes('1'));
  follower.requestProgress();
  breakable.up();
  await sink.until((s) => s.progress.includes(revision));
  t.is(sink.status, 'in-sync');
  await follower.close();
});

test('`followStore()` knows since when the store answers, or why it does not', async (t) => {
  const inner = await openMemoryStore();
  let interrupt: ((problem: string | undefined) => void) | undefined;
  const store: Store = {
    ...forward(inner),
    watch(request, signal) {
      interrupt = request.onInterruption;
      return inner.watch(request, signal);
    },
  };
  const sink = new Recorder();
  const follower = followStore({ store, prefixes: ['/a/'], sink, ...quick });
  t.like(follower.connection, { isConnected: false, problem: 'no answer yet' });
  await sink.until((s) => s.status === 'in-sync');
  t.is(follower.connection.isConnected, true);
  interrupt?.('the watch fell silent');
  interrupt?.('connection refused');
  t.like(follower.connection, { isConnected: false, problem: 'connection refused' });
  t.is(follower.status, 'in-sync');
  t.true(follower.connection.sinceMs < 1_000);
  interrupt?.(undefined);
  t.is(follower.connection.isConnected, true);
  await follower.close();
});

test('`followStore()` rejects with the error of its sink', async (t) => {
  const store = await openMemoryStore();
  await store.put(bytes('/a/1'), bytes('1'));
  const sink = {
    onStatus() {},
    onUpdates() {
      throw new Error('broken sink');
    },
  };
  const follower = followStore({ store, prefixes: ['/a/'], sink, ...quick });
  await t.throwsAsync(follower.done, { message: 'broken sink' });
});

/** A store whose calls and running watches fail while it is down. */
function breakableStore(inner: Store) {
  const refused = new Set<string>();
  const controllers = new Set<(error: unknown) => void>();
  const unavailable = () => storeErrors.fail('STORE_UNAVAILABLE', 'for the test');
  const check = (what: string) => {
    if (refused.has(what)) throw unavailable();
  };
  const store: Store = {
    ...forward(inner),
    async range(request) {
      check('range');
      return inner.range(request);
    },
    async watch(request, signal) {
      check('watch');
      const watch = await inner.watch(request, signal);
      const broken = Promise.withResolvers<never>();
      broken.promise.catch(() => undefined);
      controllers.add(broken.reject);
      const source = watch[Symbol.asyncIterator]();
      const next = () => Promise.race([source.next(), broken.promise]);
      return {
        requestProgress: () => watch.requestProgress(),
        close: () => watch.close(),
        [Symbol.asyncIterator]: () => ({ next }),
      };
    },
  };
  return {
    store,
    refuse: (what: string) => void refused.add(what),
    up: () => refused.clear(),
    down() {
      refused.add('range').add('watch');
      for (const fail of controllers) fail(unavailable());
    },
  };
}

function forward(inner: Store): Store {
  return {
    supports: inner.supports,
    range: (request) => inner.range(request),
    txn: (request) => inner.txn(request),
    put: (key, value, options) => inner.put(key, value, options),
    delete: (range, options) => inner.delete(range, options),
    watch: (request, signal) => inner.watch(request, signal),
    compact: (revision) => inner.compact(revision),
    status: () => inner.status(),
    defragment: () => inner.defragment(),
    leaseGrant: (ttlSeconds, id) => inner.leaseGrant(ttlSeconds, id),
    leaseRevoke: (id) => inner.leaseRevoke(id),
    leaseKeepAlive: (id) => inner.leaseKeepAlive(id),
    leaseTimeToLive: (id, keys) => inner.leaseTimeToLive(id, keys),
    leases: () => inner.leases(),
    revisions: () => inner.revisions(),
    close: () => inner.close(),
  };
}
