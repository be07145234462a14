/** How fast the embedded store is without its face: `sh bin/run-ts test/bench/store-inside.ts [directory]`. Prints one figure a line. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLevelStore } from '#appliance/datastore/level/open.ts';
import { prefixEnd, type Store, type Watch } from '#appliance/datastore/store.ts';

const value = Buffer.alloc(256, 'v');
const parts = { puts: benchPuts, ranges: benchRanges, watches: benchWatches, fill: benchFill, open: benchOpen };
const [part, directory] = process.argv.slice(2);
if (part !== undefined && part in parts) await parts[part as keyof typeof parts](directory!);
else await benchAll(part ?? tmpdir());

/** Each part in a process of its own, so that memory is its own too. */
async function benchAll(parent: string): Promise<void> {
  const root = await mkdtemp(join(parent, 'calico-bench-'));
  try {
    for (const name of Object.keys(parts)) {
      const path = join(root, name === 'open' ? 'fill' : name);
      execFileSync(process.execPath, ['--max-semi-space-size=4', import.meta.filename, name, path], {
        stdio: 'inherit',
      });
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function benchPuts(directory: string): Promise<void> {
  await using opened = await open(directory);
  for (const writers of [1, 16, 64, 256]) {
    const seconds = 2;
    const { puts, p50Ms, p99Ms } = await writeFor(opened.store, writers, seconds * 1000);
    const latency = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`;
    print(`put, 256 bytes, ${writers} writers`, `${Math.round(puts / seconds)}/s, ${latency}`);
  }
}

async function writeFor(store: Store, writers: number, forMs: number) {
  const endMs = performance.now() + forMs;
  const takenMs: number[] = [];
  const client = async (name: number) => {
    for (let i = 0; performance.now() < endMs; i++) {
      const startMs = performance.now();
      await store.put(Buffer.from(`/bench/${name}/${i % 1000}`), value);
      takenMs.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, name) => client(name)));
  const sorted = Float64Array.from(takenMs).sort();
  return { puts: sorted.length, p50Ms: sorted[sorted.length >> 1]!, p99Ms: sorted[Math.floor(sorted.length * 0.99)]! };
}

async function benchRanges(directory: string): Promise<void> {
  await using opened = await open(directory);
  await fill(opened.store, 10_000, 256);
  const all = { key: Buffer.from('/fill/'), rangeEnd: prefixEnd(Buffer.from('/fill/')) };
  const old = (await opened.store.revisions()).current;
  await fill(opened.store, 10_000, 256);
  await time('range of 10,000', 10, () => opened.store.range(all));
  await time('range of 10,000, keys only', 10, () => opened.store.range({ ...all, keysOnly: true }));
  await time('range of 10,000, count only', 100, () => opened.store.range({ ...all, countOnly: true }));
  await time('range of 500 of 10,000', 50, () => opened.store.range({ ...all, limit: 500 }));
  await time('range of 10,000 at an old revision', 5, () => opened.store.range({ ...all, revision: old }));
  await time('range of one key', 2000, (i) => opened.store.range({ key: Buffer.from(`/fill/${i}`) }));
}

async function benchWatches(directory: string): Promise<void> {
  await using opened = await open(directory);
  for (const watchers of [1, 100, 1000]) {
    const prefix = Buffer.from('/watched/');
    const range = { key: prefix, rangeEnd: prefixEnd(prefix), prevKv: true };
    const watches = await Promise.all(Array.from({ length: watchers }, () => opened.store.watch(range)));
    const counts = watches.map((watch) => countTo(watch, 1000));
    const startMs = performance.now();
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let i = writer; i < 1000; i += 16) await opened.store.put(Buffer.from(`/watched/${i}`), value);
      }),
    );
    await Promise.all(counts);
    const tookMs = performance.now() - startMs;
    print(
      `1,000 puts by 16 writers seen by ${watchers} watchers`,
      `${tookMs.toFixed(0)} ms, ${Math.round((1000 * watchers * 1000) / tookMs)} events/s`,
    );
  }
  await benchIdleWatches(`${directory}-idle`);
}

async function benchIdleWatches(directory: string): Promise<void> {
  await using opened = await open(directory);
  const idle = await Promise.all(
    Array.from({ length: 10_000 }, (_, i) => opened.store.watch({ key: Buffer.from(`/idle/${i}`) })),
  );
  const { puts } = await writeFor(opened.store, 64, 2000);
  print('put, 64 writers, beside 10,000 watches of other keys', `${Math.round(puts / 2)}/s`);
  for (const watch of idle) watch.close();
}

async function countTo(watch: Watch, wanted: number): Promise<void> {
  let seen = 0;
  for await (const { events } of watch) {
    seen += events.length;
    if (seen >= wanted) return;
  }
}

async function benchFill(directory: string): Promise<void> {
  const before = memory();
  await using opened = await open(directory);
  print('memory, nothing stored', `${memory()} MB, ${before} MB before opening`);
  await fill(opened.store, 60_000, 1024);
  print('memory, 60,000 keys of 1 KB just written', `${memory()} MB`);
}

async function benchOpen(directory: string): Promise<void> {
  const startMs = performance.now();
  await using opened = await open(directory);
  print(
    'open with 60,000 keys of 1 KB and their history',
    `${(performance.now() - startMs).toFixed(0)} ms, ${memory()} MB`,
  );
  const { current } = await opened.store.revisions();
  const stalls = measureStalls();
  await opened.store.compact(current);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  print('longest stall while 60,000 revisions are cleaned up', `${stalls().toFixed(1)} ms`);
}

function measureStalls(): () => number {
  let longestMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs - 1);
    lastMs = nowMs;
  }, 1);
  return () => {
    clearInterval(timer);
    return longestMs;
  };
}

async function fill(store: Store, keys: number, bytes: number): Promise<void> {
  const content = Buffer.alloc(bytes, 'x');
  await Promise.all(
    Array.from({ length: 64 }, async (_, writer) => {
      for (let i = writer; i < keys; i += 64) await store.put(Buffer.from(`/fill/${i}`), content);
    }),
  );
}

async function time(what: string, times: number, run: (i: number) => Promise<unknown>): Promise<void> {
  await run(0);
  const startMs = performance.now();
  for (let i = 0; i < times; i++) await run(i);
  print(what, `${((performance.now() - startMs) / times).toFixed(3)} ms`);
}

async function open(directory: string) {
  const store = await openLevelStore(directory, { retention: false });
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

function memory(): number {
  return Math.round(process.memoryUsage.rss() / 1024 / 1024);
}

function print(what: string, figure: string): void {
  console.log(`${what.padEnd(56)} ${figure}`);
}
