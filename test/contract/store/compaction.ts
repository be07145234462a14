/** Contract: compaction forgets what is older, and nothing else. */
import type { TestFn } from 'ava';
import { hasCode } from '#appliance/lib/errors.ts';
import { contractTests, readEvents, type StoreFactory, throwsCode, watchError } from './scope.ts';

export function compactionContract(test: TestFn, name: string, factory: StoreFactory): void {
  const check = contractTests(test, name, factory);

  check(
    'compact() makes older reads fail and keeps the revision itself readable',
    async (t, { store, key, put, list }) => {
      const first = await put('a', '1');
      await put('gone', '1');
      await store.delete({ key: key('gone') });
      const middle = await put('a', '2');
      const last = await put('a', '3');
      await store.compact(middle);
      await throwsCode(t, 'STORE_COMPACTED', () => store.range({ key: key('a'), revision: first }));
      t.deepEqual(await list('', middle), ['a=2']);
      t.deepEqual(await list('', last), ['a=3']);
      t.deepEqual(await list(), ['a=3']);
      const { current, compacted } = await store.revisions();
      t.is(compacted, middle);
      t.true(current >= last);
    },
  );

  check(
    'compact() makes watches from before it fail, and those from it on whole',
    async (t, { store, key, prefix, put, print }) => {
      const first = await put('a', '1');
      await put('b', '1');
      const middle = await put('a', '2');
      await store.delete({ key: key('b') });
      await put('a', '3');
      await store.compact(middle);
      const error = await watchError(() => store.watch({ ...prefix(), startRevision: first }));
      t.true(hasCode(error, 'STORE_COMPACTED'), String(error));
      const watch = await store.watch({ ...prefix(), startRevision: middle + 1, prevKv: true });
      const events = await readEvents(t, watch, 2);
      t.deepEqual(events.map(print), ['delete b', 'put a=3']);
      t.deepEqual(
        events.map(({ prev }) => prev?.value.toString()),
        ['1', '2'],
      );
    },
  );

  check(
    'a watch from the compaction itself is whole, or refused',
    async (t, { store, key, prefix, put, print, pass }) => {
      await put('a', '1');
      const { revision } = await store.delete({ key: key('a') });
      await put('b', '1');
      await store.compact(revision);
      await pass(0.5); // etcd removes in the background
      try {
        const watch = await store.watch({ ...prefix(), startRevision: revision });
        t.deepEqual((await readEvents(t, watch, 2)).map(print), ['delete a', 'put b=1']);
      } catch (error) {
        t.true(hasCode(error, 'STORE_COMPACTED'), String(error));
      }
    },
  );

  check('compact() keeps keys that have not changed since, versions and all', async (t, { store, key, put }) => {
    await put('a', '1');
    const written = await put('a', '2');
    const last = await put('b', '1');
    await store.compact(last);
    t.like((await store.range({ key: key('a') })).entries[0], { modRevision: written, version: 2 });
    t.like((await store.range({ key: key('a'), revision: last })).entries[0], { modRevision: written });
  });

  check('compact() refuses the future and what is compacted already', async (t, { store, put }) => {
    const first = await put('a', '1');
    const second = await put('a', '2');
    await throwsCode(t, 'STORE_FUTURE_REVISION', () => store.compact(second + 1_000_000));
    await store.compact(second);
    await throwsCode(t, 'STORE_COMPACTED', () => store.compact(first));
    await throwsCode(t, 'STORE_COMPACTED', () => store.compact(second));
  });

  check('compact() again and again leaves every readable revision right', async (t, { store, key, put, list }) => {
    const states: [number, string[]][] = [];
    for (let i = 0; i < 120; i++) {
      if (i % 5 === 4) await store.delete({ key: key(`${(i + 3) % 7}`) });
      else await put(`${i % 7}`, `${i}`);
      const { current } = await store.revisions();
      states.push([current, await list()]);
      if (i % 30 !== 29) continue;
      const [oldest] = states[i - 10]!;
      await store.compact(oldest);
      for (const [revision, expected] of states.filter(([at]) => at >= oldest))
        t.deepEqual(await list('', revision), expected);
    }
    t.deepEqual(await list(), states.at(-1)![1]);
  });
}
