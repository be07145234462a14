/** What compaction leaves on disk, and when the store compacts by itself. */
import test from 'ava';
import { levelSource } from '#appliance/datastore/level/source.ts';
import { memorySource } from '#appliance/datastore/memory/open.ts';
import { ManualStoreClock } from '#appliance/datastore/mvcc/clock.ts';
import type { Database } from '#appliance/datastore/mvcc/database.ts';
import { Retention } from '#appliance/datastore/mvcc/retention.ts';
import { openMvccStore } from '#appliance/datastore/mvcc/store.ts';
import { temporaryDirectory } from '../level/directory.ts';

test('compact() at the newest revision leaves the live keys, one record of the log and three marks', async (t) => {
  const source = memorySource();
  const store = await openMvccStore(source, { retention: false });
  for (let i = 0; i < 1000; i++) await store.put(Buffer.from(`${i % 50}`), Buffer.from(`${i}`));
  for (let i = 0; i < 20; i++) await store.delete({ key: Buffer.from(`${i}`) });
  await store.compact((await store.revisions()).current);
  const letters = await untilCleaned(await source.open());
  t.is(letters, `${'c'.repeat(30)}mmmr`);
  await store.close();
});

test('what a stopped process left to clean is cleaned after the next open', async (t) => {
  const directory = await temporaryDirectory();
  const first = await openMvccStore(levelSource(directory.path), { retention: false });
  for (let i = 0; i < 600; i++) await first.put(Buffer.from(`${i % 50}`), Buffer.from(`${i}`));
  await first.compact((await first.revisions()).current);
  await first.close();
  let database: Database | undefined;
  const source = levelSource(directory.path);
  const opening = { ...source, open: async () => (database = await source.open()) };
  const second = await openMvccStore(opening, { retention: false });
  t.is(await untilCleaned(database!), `${'c'.repeat(50)}mmmmr`);
  await second.close();
  await directory.remove();
});

test('Retention.due() keeps a number of revisions and everything young, up to a larger number', (t) => {
  const retention = new Retention({ revisions: 100, ageMs: 1000, revisionsMax: 5000 });
  t.is(retention.due(1000, 0, 0), undefined, 'all of it is young');
  t.is(retention.due(3000, 0, 900), undefined);
  t.is(retention.due(3100, 0, 1000), 1000, 'what was there a second ago is old');
  t.is(retention.due(3100, 1000, 1001), undefined, 'nothing new to forget');
  t.is(retention.due(9000, 1000, 1100), 4000, 'more than the largest number');
  t.is(retention.due(9000, 4000, 5000), 8900, 'all of it is old, but some are always kept');
  t.is(retention.due(9005, 8900, 9000), undefined, 'not worth it yet');
});

test('Retention.due() keeps the number that is always kept, however large', (t) => {
  const retention = new Retention({ revisions: 9000, ageMs: 1000, revisionsMax: 5000 });
  t.is(retention.due(8000, 0, 0), undefined);
  t.is(retention.due(20_000, 0, 5000), 11_000, 'all that came since is young, but it is more than that');
  t.is(retention.due(20_500, 11_000, 5001), undefined, 'not worth it yet');
});

test('a store forgets by itself what its retention allows', async (t) => {
  const clock = new ManualStoreClock();
  const store = await openMvccStore(memorySource(), { clock, retention: { revisions: 10, ageMs: 1000 } });
  for (let i = 0; i < 50; i++) await store.put(Buffer.from('a'), Buffer.from(`${i}`));
  t.is((await store.revisions()).compacted, 1);
  clock.advance(2000);
  for (let i = 0; i < 60; i++) {
    await store.put(Buffer.from('a'), Buffer.from(`${i}`));
    clock.advance(100);
  }
  const { current, compacted } = await store.revisions();
  t.true(compacted > 50 && compacted <= current - 10, `${compacted} of ${current}`);
  await store.close();
});

/** The first letters of all keys of the database, once its history is cleaned. */
async function untilCleaned(database: Database): Promise<string> {
  let letters = '';
  for (let i = 0; i < 100; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    letters = await readLetters(database);
    if (letters.endsWith('mmmr') && !letters.includes('h')) return letters;
  }
  return letters;
}

async function readLetters(database: Database): Promise<string> {
  const iterator = database.iterator({ gte: Buffer.alloc(0), lt: Buffer.from([0xff]) });
  let letters = '';
  for (let slice = await iterator.nextv(1000); slice.length > 0; slice = await iterator.nextv(1000)) {
    letters += slice.map(([key]) => key.toString('latin1', 0, 1)).join('');
  }
  await iterator.close();
  return letters;
}
