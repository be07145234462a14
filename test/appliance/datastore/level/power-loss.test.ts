/**
 * What can be shown of power loss without cutting power: a copy of the directory taken while writing, and a log cut off or torn at any
 * byte. Each must open to a whole prefix of what was written, never to a state with holes. What was synced cannot be torn by a power
 * loss on a disk that keeps its word; that each commit is synced before it is acknowledged is tested by watching the calls.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { openLevelStore } from '#appliance/datastore/level/open.ts';
import { levelSource } from '#appliance/datastore/level/source.ts';
import { openMvccStore } from '#appliance/datastore/mvcc/store.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import { temporaryDirectory } from './directory.ts';

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const writes = 60;

test(`openLevelStore() opens a log cut off at any byte to a whole prefix (seed ${seed})`, async (t) => {
  await withLog(async (path, log, open) => {
    const bytes = await readFile(join(path, log));
    const cuts = fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), async (length) => {
      await open(bytes.subarray(0, length), async (store) => {
        const { current } = await store.revisions();
        await checkPrefix(store, current);
        const { revision } = await store.put(Buffer.from('after'), Buffer.from('1'));
        if (revision !== current + 1) throw new Error(`revision ${revision} after ${current}`);
        if (length === bytes.length && current !== writes + 1) throw new Error(`${current} of a whole log`);
      });
    });
    await fc.assert(cuts, { seed, numRuns: 60, examples: [[0], [bytes.length], [bytes.length - 1]] });
    t.pass();
  });
});

test(`openLevelStore() never opens a log with a torn byte to a state with holes (seed ${seed})`, async (t) => {
  let refused = 0;
  await withLog(async (path, log, open) => {
    const bytes = await readFile(join(path, log));
    const tears = fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const torn = Buffer.from(bytes);
      torn[at]! ^= change;
      await open(torn, async (store) => checkPrefix(store, (await store.revisions()).current)).catch((error) => {
        if (error.code !== 'STORE_CORRUPT') throw error;
        refused++;
      });
    });
    await fc.assert(tears, { seed, numRuns: 60 });
  });
  t.log(`${refused} of 60 refused, the others opened to a prefix`);
  t.pass();
});

test(`openLevelStore() refuses a log that lacks anything that was acknowledged (seed ${seed})`, async (t) => {
  await withLog(async (path, log, open) => {
    const bytes = await readFile(join(path, log));
    const cuts = fc.asyncProperty(fc.nat(bytes.length - 1), async (length) => {
      const error = await open(bytes.subarray(0, length), async () => undefined).catch((caught: unknown) => caught);
      if (!hasCode(error, 'STORE_CORRUPT')) throw new Error(`cut at ${length}: ${error}`);
    });
    await fc.assert(cuts, { seed, numRuns: 30, examples: [[0], [bytes.length - 1]] });
    await open(bytes, async (store) => checkPrefix(store, writes + 1));
  }, true);
  t.pass();
});

test('openLevelStore() opens a copy taken in the middle of writing with all that was acknowledged before', async (t) => {
  const [from, to] = [await temporaryDirectory(), await temporaryDirectory()];
  const store = await openLevelStore(from.path, { retention: false });
  let acknowledged = 0;
  let running = true;
  const writing = (async () => {
    for (let i = 0; running; i++) acknowledged = (await store.put(key(i), Buffer.alloc(3000, 'x'))).revision;
  })();
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    const before = acknowledged;
    const copy = join(to.path, String(round));
    await mkdir(copy);
    // first, as a copy is not of one moment: what was acknowledged by then is in the files that are copied later
    await cp(join(from.path, 'acknowledged'), join(copy, 'acknowledged'));
    await cp(from.path, copy, { recursive: true, filter: (name) => !/(LOCK|acknowledged)$/.test(name) });
    const copied = await openLevelStore(copy, { retention: false });
    t.true((await copied.revisions()).current >= before);
    await copied.close();
  }
  running = false;
  await writing;
  await store.close();
  await Promise.all([from.remove(), to.remove()]);
});

test('a write is acknowledged after its synced batch, and not before', async (t) => {
  const directory = await temporaryDirectory();
  const source = levelSource(directory.path);
  const synced: boolean[] = [];
  let finished = 0;
  const store = await openMvccStore({
    ...source,
    async open() {
      const database = await source.open();
      const batch = database.batch.bind(database);
      database.batch = async (operations, options) => {
        synced.push(options.sync);
        await batch(operations, options);
        finished++;
      };
      return database;
    },
  });
  for (let i = 1; i <= 10; i++) {
    await store.put(Buffer.from('a'), Buffer.from(`${i}`));
    t.is(finished, i + 1, 'one batch for the format, one for each put');
  }
  await store.leaseGrant(60);
  await store.compact(5);
  t.true(synced.slice(0, 13).every(Boolean));
  await store.close();
  await directory.remove();
});

type Open = (log: Buffer, check: (store: Store) => Promise<void>) => Promise<void>;

/**
 * Writes into a fresh store and hands out its log file, and a way to open a copy with another log. Without the mark of what was
 * acknowledged: a power loss may leave it behind the log.
 */
async function withLog(run: (path: string, log: string, open: Open) => Promise<void>, isMarked = false): Promise<void> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'origin');
  const store = await openLevelStore(path, { retention: false });
  for (let i = 0; i < writes; i++) await store.put(key(i), Buffer.alloc(700, `${i}`));
  await store.close();
  const log = (await readdir(path)).find((name) => name.endsWith('.log'))!;
  let copies = 0;
  try {
    await run(path, log, async (bytes, check) => {
      const copy = join(directory.path, String(copies++));
      await cp(path, copy, { recursive: true });
      await writeFile(join(copy, log), bytes);
      if (!isMarked) await rm(join(copy, 'acknowledged'));
      const opened = await openLevelStore(copy, { retention: false });
      try {
        await check(opened);
      } finally {
        await opened.close();
      }
    });
  } finally {
    await directory.remove();
  }
}

/** The store holds the first writes up to a revision and nothing else. */
async function checkPrefix(store: Store, current: number): Promise<void> {
  const { entries } = await store.range({ key: Buffer.from('k'), rangeEnd: Buffer.from('l') });
  const found = entries.map((entry) => `${entry.key} ${entry.modRevision} ${entry.value.length}`);
  const expected = Array.from({ length: current - 1 }, (_, i) => `${key(i)} ${i + 2} 700`);
  if (found.join() !== expected.join()) throw new Error(`at ${current} there is ${found}`);
}

function key(i: number): Buffer {
  return Buffer.from(`k${String(i).padStart(6, '0')}`);
}
