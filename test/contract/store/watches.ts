/** Contract: watches: from now, from a revision, with previous values, ended in every way. */
import type { TestFn } from 'ava';
import type { KeyRange, Store, Watch } from '#appliance/datastore/store.ts';
import { contractTests, readEvents, type StoreFactory, throwsCode, within } from './scope.ts';

export function watchContract(test: TestFn, name: string, factory: StoreFactory): void {
  const check = contractTests(test, name, factory);

  check('watch() without a start delivers what comes after it, and only its range', async (t, scope) => {
    const { store, key, put, prefix, print } = scope;
    await put('w/before', '1');
    const watch = await store.watch(prefix('w/'));
    await put('v', '1');
    const revision = await put('w/a', '1');
    await put('x', '1');
    await store.delete({ key: key('w/a') });
    const events = await readEvents(t, watch, 2);
    t.deepEqual(events.map(print), ['put w/a=1', 'delete w/a']);
    t.like(events[0]?.entry, { modRevision: revision, createRevision: revision, version: 1 });
  });

  check(
    'watch() tells of a deletion with the key, its revision, no value and version 0',
    async (t, { store, key, put }) => {
      await put('a', '1');
      const watch = await store.watch({ key: key('a') });
      const { revision } = await store.delete({ key: key('a') });
      const [event] = await readEvents(t, watch, 1);
      t.like(event, {
        type: 'delete',
        entry: { key: key('a'), modRevision: revision, version: 0, value: Buffer.alloc(0) },
      });
    },
  );

  check(
    'watch() of one key, of a prefix, of a range and of all keys',
    async (t, { store, key, prefix, put, print }) => {
      const one = await store.watch({ key: key('b') });
      const some = await store.watch(prefix('b'));
      const range = await store.watch({ key: key('b'), rangeEnd: key('bb') });
      const all = await store.watch({ key: key('b'), rangeEnd: Buffer.from([0]) });
      for (const at of ['a', 'b', 'ba', 'bb', 'c']) await put(at, '1');
      t.deepEqual((await readEvents(t, one, 1)).map(print), ['put b=1']);
      t.deepEqual((await readEvents(t, some, 3)).map(print), ['put b=1', 'put ba=1', 'put bb=1']);
      t.deepEqual((await readEvents(t, range, 2)).map(print), ['put b=1', 'put ba=1']);
      t.deepEqual((await readEvents(t, all, 4)).map(print), ['put b=1', 'put ba=1', 'put bb=1', 'put c=1']);
    },
  );

  check(
    'watch() delivers all changes of a transaction in one batch, in its order',
    async (t, { store, key, prefix, put, print }) => {
      await put('c', '0');
      const watch = await store.watch(prefix());
      const success = [
        { type: 'put', key: key('b'), value: Buffer.from('1') },
        { type: 'put', key: key('a'), value: Buffer.from('1') },
        { type: 'delete', key: key('c') },
      ] as const;
      const { revision } = await store.txn({ compare: [], success, failure: [] });
      const { value: batch } = await within(10, watch[Symbol.asyncIterator]().next());
      watch.close();
      t.deepEqual(batch.events.map(print), ['put b=1', 'put a=1', 'delete c']);
      t.deepEqual(
        [...new Set(batch.events.map((event: { entry: { modRevision: number } }) => event.entry.modRevision))],
        [revision],
      );
    },
  );

  check('watch() from a past revision replays history and goes on', async (t, { store, key, prefix, put, print }) => {
    const first = await put('a', '1');
    const second = await put('a', '2');
    await store.delete({ key: key('a') });
    await put('b', '1');
    const watch = await store.watch({ ...prefix(), startRevision: second });
    t.deepEqual((await readEvents(t, watch, 3, true)).map(print), ['put a=2', 'delete a', 'put b=1']);
    await put('c', '1');
    t.deepEqual((await readEvents(t, watch, 1)).map(print), ['put c=1']);
    const all = await store.watch({ ...prefix(), startRevision: first });
    const [created] = await readEvents(t, all, 1);
    t.like(created?.entry, { createRevision: first, modRevision: first, version: 1 });
  });

  if (factory.supports.exclusive) {
    check('watch() from revision 1, that of the empty store, begins with the first commit', async (t, scope) => {
      const { store, prefix, put, print } = scope;
      const watch = await store.watch({ ...prefix(), startRevision: 1 });
      await put('a', '1');
      t.deepEqual((await readEvents(t, watch, 1)).map(print), ['put a=1']);
      const late = await store.watch({ ...prefix(), startRevision: 1 });
      t.deepEqual((await readEvents(t, late, 1)).map(print), ['put a=1']);
    });
  }

  check('watch() from a revision to come leaves out what is before it', async (t, { store, prefix, put, print }) => {
    const { current } = await store.revisions();
    const watch = await store.watch({ ...prefix(), startRevision: current + 3 });
    const revisions: number[] = [];
    for (let i = 0; i < 5; i++) revisions.push(await put('a', `${i}`));
    const wanted = revisions.filter((revision) => revision >= current + 3);
    const events = await readEvents(t, watch, wanted.length);
    t.deepEqual(
      events.map(({ entry }) => entry.modRevision),
      wanted,
    );
    t.is(events.map(print).at(-1), 'put a=4');
  });

  check('watch() gives previous entries when asked, from history and live', async (t, { store, key, put }) => {
    const first = await put('a', '1');
    await put('a', '2');
    await store.delete({ key: key('a') });
    const replayed = await store.watch({ key: key('a'), startRevision: first, prevKv: true });
    const live = await store.watch({ key: key('a'), prevKv: true });
    const bare = await store.watch({ key: key('a') });
    await put('a', '3');
    await put('a', '4');
    const previous = (await readEvents(t, replayed, 5)).map(({ prev }) => prev?.value.toString());
    t.deepEqual(previous, [undefined, '1', '2', undefined, '3']);
    t.deepEqual(
      (await readEvents(t, live, 2)).map(({ prev }) => prev?.value.toString()),
      [undefined, '3'],
    );
    t.true((await readEvents(t, bare, 2)).every((event) => !('prev' in event) || event.prev === undefined));
  });

  check('watch() ends after close(), after an abort, and when the reader leaves', async (t, { store, prefix }) => {
    const closed = await store.watch(prefix());
    const reading = closed[Symbol.asyncIterator]().next();
    closed.close();
    closed.close();
    t.true((await within(10, reading)).done);
    const controller = new AbortController();
    const aborted = await store.watch(prefix(), controller.signal);
    const waiting = aborted[Symbol.asyncIterator]().next();
    controller.abort();
    t.true((await within(10, waiting)).done);
    const early = await store.watch(prefix(), AbortSignal.abort());
    t.true((await within(10, early[Symbol.asyncIterator]().next())).done);
  });

  check('watch() refuses an empty key', async (t, { store }) => {
    await throwsCode(t, 'STORE_EMPTY_KEY', () => store.watch({ key: Buffer.alloc(0) }));
  });

  check(
    'watch() has no gap and no repeat under writes, whatever revision it starts from',
    async (t, { store, prefix, put }) => {
      const written: number[] = [];
      const write = async (client: number) => {
        for (let i = 0; i < 60; i++) written.push(await put(`${client}/${i % 7}`, `${i}`));
      };
      const writing = Promise.all([1, 2, 3, 4].map(write));
      const watchers: Promise<[number, number[]]>[] = [];
      for (let i = 0; i < 12; i++) {
        written.push(await put('pace', `${i}`));
        const startRevision = written[i * 3] ?? written[0]!;
        watchers.push(
          store.watch({ ...prefix(), startRevision }).then(async (watch) => {
            const seen: number[] = [];
            for await (const batch of watch) {
              seen.push(...batch.events.map(({ entry }) => entry.modRevision));
              if (batch.events.some(({ entry }) => entry.value.toString() === 'the end')) break;
            }
            return [startRevision, seen];
          }),
        );
      }
      await writing;
      await put('end', 'the end');
      const all = await readRevisions(store, prefix(), Math.min(...written));
      for (const [start, seen] of await within(30, Promise.all(watchers))) {
        t.deepEqual(
          seen,
          all.filter((revision) => revision >= start),
        );
      }
    },
  );

  check(
    'requestProgress() is answered with the revision of the store after all events before it',
    async (t, { store, prefix, put, print }) => {
      const watch = await store.watch(prefix('in/'));
      for (let i = 0; i < 20; i++) await put(`in/${i}`, '1');
      const elsewhere = await put('out', '1');
      watch.requestProgress();
      const first = await readProgress(watch);
      t.is(first.events, 20);
      t.true(first.revision >= elsewhere, `${first.revision}, asked at ${elsewhere}`);
      const later = await put('out', '2');
      watch.requestProgress();
      const second = await readProgress(watch);
      t.is(second.events, 0);
      t.true(second.revision >= later, `${second.revision}, asked at ${later}`);
      await put('in/end', '1');
      t.deepEqual((await readEvents(t, watch, 1)).map(print), ['put in/end=1']);
    },
  );

  check(
    'requestProgress() is answered while somebody waits, when nothing happened since the watch began',
    async (t, { store, prefix, put }) => {
      const before = await put('out', '1');
      const watch = await store.watch(prefix('in/'));
      const reading = readProgress(watch);
      watch.requestProgress();
      const { events, revision } = await reading;
      t.is(events, 0);
      t.true(revision >= before);
      watch.close();
      watch.requestProgress();
      t.true((await within(10, watch[Symbol.asyncIterator]().next())).done);
    },
  );

  check('requestProgress() of a watch that reads history is answered at its end', async (t, { store, prefix, put }) => {
    const startRevision = await put('in/0', '1');
    for (let i = 1; i < 700; i += 50) {
      const writes = Array.from({ length: 50 }, (_, j) => put(`in/${i + j}`, '1'));
      await Promise.all(writes);
    }
    const elsewhere = await put('out', '1');
    const watch = await store.watch({ ...prefix('in/'), startRevision });
    watch.requestProgress();
    const { events, revision } = await readProgress(watch);
    t.is(events, 701);
    t.true(revision >= elsewhere);
    watch.close();
  });

  check('watch() resumes after what it delivered', async (t, { store, prefix, put }) => {
    const first = await put('n', '0');
    const writing = (async () => {
      for (let i = 1; i < 100; i++) await put('n', `${i}`);
    })();
    const seen: string[] = [];
    let next = first;
    while (seen.length < 100) {
      const watch = await store.watch({ ...prefix(), startRevision: next });
      const { value: batch } = await within(10, watch[Symbol.asyncIterator]().next());
      watch.close();
      seen.push(...batch.events.map((event: { entry: { value: Buffer } }) => event.entry.value.toString()));
      next = batch.revision + 1;
    }
    await writing;
    t.deepEqual(
      seen,
      Array.from({ length: 100 }, (_, i) => `${i}`),
    );
  });
}

/** Reads up to the answer to a progress request: how many events came before it, and its revision. */
async function readProgress(watch: Watch): Promise<{ events: number; revision: number }> {
  let events = 0;
  for (const batches = watch[Symbol.asyncIterator](); ; ) {
    const { value: batch } = await within(10, batches.next());
    if (batch.events.length === 0) return { events, revision: batch.revision };
    events += batch.events.length;
  }
}

/** The revisions of a range up to the put of `the end`. */
async function readRevisions(store: Store, range: KeyRange, startRevision: number): Promise<number[]> {
  const revisions: number[] = [];
  for await (const batch of await store.watch({ ...range, startRevision })) {
    revisions.push(...batch.events.map(({ entry }) => entry.modRevision));
    if (batch.events.some(({ entry }) => entry.value.toString() === 'the end')) break;
  }
  return revisions;
}
