/**
 * What was acknowledged survives kill -9 at any moment. `STORE_KILLS` says how often (150). A kill leaves what the process has handed to
 * the kernel, so this shows that nothing is acknowledged early and that recovery is whole; `power-loss.test.ts` is about the rest.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { openLevelStore } from '#appliance/datastore/level/open.ts';
import { prefixEnd, type Store } from '#appliance/datastore/store.ts';
import { temporaryDirectory } from './directory.ts';

/** An acknowledged write. */
interface Acknowledged {
  readonly client: string;
  readonly count: number;
  readonly revision: number;
}

const kills = Number(process.env.STORE_KILLS ?? 150);
const everything = { key: Buffer.from('/crash/'), rangeEnd: prefixEnd(Buffer.from('/crash/')) };
const writer = new URL('./crash-writer.ts', import.meta.url).pathname;

test(`openLevelStore() finds every acknowledged write after ${kills} kills`, async (t) => {
  t.timeout(60_000 + kills * 2000);
  const directory = await temporaryDirectory();
  const last = new Map<string, number>();
  let total = 0;
  try {
    for (let round = 0; round < kills; round++) {
      const acknowledged = await writeAndKill(directory.path, round);
      total += acknowledged.length;
      for (const { client, count } of acknowledged) last.set(client, count);
      const store = await openLevelStore(directory.path, { retention: false });
      await checkState(t, store, last);
      await checkHistory(t, store, acknowledged);
      await store.close();
    }
  } finally {
    await directory.remove();
  }
  t.log(`${total} acknowledged writes, ${kills} kills`);
  t.true(total > kills);
});

/** Runs the writer for a moment; small and large values by turns, so that LevelDB's own compactions are hit too. */
async function writeAndKill(directory: string, round: number): Promise<Acknowledged[]> {
  const filler = round % 3 === 0 ? 20_000 : 100;
  const args = ['--no-warnings', writer, directory, String(1 + (round % 4) * 5), String(filler)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const isOpen = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'open') resolve();
      else lines.push(line);
    });
  });
  const closed = once(child, 'close');
  await Promise.race([isOpen, closed]);
  await sleep(Math.random() * 120);
  child.kill('SIGKILL');
  await closed;
  return lines.map((line) => {
    const [client, count, revision] = line.split(' ');
    return { client: client!, count: Number(count), revision: Number(revision) };
  });
}

/** Each client's counter is at its last acknowledged value or the one that was on its way, on both sides alike. */
async function checkState(t: ExecutionContext, store: Store, last: Map<string, number>): Promise<void> {
  const { entries } = await store.range(everything);
  const values = new Map(entries.map(({ key, value }) => [key.toString(), value.toString()]));
  for (const [client, count] of last) {
    const left = values.get(`/crash/left/${client}`);
    const found = Number(left?.split(' ')[0]);
    if (found < count || found > count + 1 || left !== values.get(`/crash/right/${client}`)) {
      t.fail(`client ${client} was told ${count}, found ${found}`);
    }
    last.set(client, found);
  }
}

/** The log from the oldest readable revision on has every revision once, with what was acknowledged. */
async function checkHistory(t: ExecutionContext, store: Store, acknowledged: readonly Acknowledged[]): Promise<void> {
  const { current, compacted } = await store.revisions();
  const counts = new Map<number, string>();
  if (current > compacted) {
    for await (const { events, revision } of await store.watch({ ...everything, startRevision: compacted + 1 })) {
      for (const { entry } of events) counts.set(entry.modRevision, entry.value.toString().split(' ')[0]!);
      if (revision >= current) break;
    }
  }
  t.is(counts.size, current - compacted);
  const wrong = acknowledged.filter(
    ({ revision, count }) => revision > compacted && counts.get(revision) !== String(count),
  );
  t.deepEqual(wrong, []);
  t.true(acknowledged.every(({ revision }) => revision <= current));
}
