/** Watchers that never read, in a server process of their own: its memory stays bounded, others are not kept waiting, and in the end they are cut off. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { openBareWatch } from './face.ts';

const serverFile = fileURLToPath(new URL('./stalled-reader.ts', import.meta.url));
const everything = { key: Buffer.from([0]), range_end: Buffer.from([0]), prev_kv: true };
const stalledWatchers = 10;
/** What is written while they do not read: first until all queues are full, then what must not be kept any more; kept for each it would be 500 MB. */
const [warmUpPuts, puts, valueBytes] = [450, 500, 100_000];
const growthBytesMax = 40_000_000;
const stalledMaxMs = 3_000;

async function startServer() {
  const directory = await mkdtemp(join(tmpdir(), 'calico-test-stalled-'));
  const path = join(directory, 'etcd.sock');
  const child = fork(serverFile, [path, `${stalledMaxMs}`], { execArgv: [...process.execArgv, '--expose-gc'] });
  await once(child, 'message');
  return {
    target: `unix:${path}`,
    rssBytes: () => askMemory(child),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await rm(directory, { recursive: true });
    },
  };
}

async function askMemory(child: ChildProcess): Promise<number> {
  child.send('memory');
  const [bytes] = await once(child, 'message');
  return bytes as number;
}

test('watchers that do not read cost bounded memory and keep nobody waiting, until they are cut off', async (t) => {
  t.timeout(120_000);
  await using server = await startServer();
  const store = openEtcdStore({ endpoints: [server.target], log });
  const stalled = await Promise.all(
    Array.from({ length: stalledWatchers }, async () => {
      const watch = openBareWatch(server.target);
      watch.stream.write({ create_request: everything });
      await watch.until((received) => received.length === 1);
      watch.stream.pause();
      return watch;
    }),
  );
  const reader = openBareWatch(server.target);
  reader.stream.write({ create_request: { ...everything, prev_kv: false } });
  await reader.until((received) => received.length === 1);
  let seen = 0;
  reader.stream.on('data', (answer: { events: readonly object[] }) => {
    seen += answer.events.length;
    reader.received.length = 0;
  });
  const startedAt = performance.now();
  const write = async (count: number) => {
    for (const until = seen + count; seen < until; ) {
      const [reached, keys] = [seen + 40, Array.from({ length: 40 }, (_, i) => Buffer.from(`/${i}`))];
      await Promise.all(keys.map((key) => store.put(key, Buffer.alloc(valueBytes, seen))));
      await reader.until(() => seen >= reached);
    }
  };
  await write(warmUpPuts);
  const before = await server.rssBytes();
  await write(puts);
  const growth = (await server.rssBytes()) - before;
  await sleep(Math.max(0, stalledMaxMs + 1_000 - (performance.now() - startedAt)));
  t.log(`${(puts * valueBytes) / 1e6} MB written, grown by ${Math.round(growth / 1e6)} MB`);
  t.true(growth < growthBytesMax, `grew by ${growth} bytes`);
  for (const { stream } of stalled) stream.resume();
  await reader.until(() => stalled.every(({ errors }) => errors.length > 0));
  for (const { errors, close } of stalled) {
    t.regex(errors[0]!.message, /UNAVAILABLE: etcdserver: watch stream was not read/);
    close();
  }
  reader.close();
  await store.close();
});
