/**
 * Many watchers of many selections beside many writers, through the real server: each sees every revision it selects once and in order, by account
 * of the store's history; and those that do not read are cut with 410 and go on from a new list. Memory is told, not judged.
 * WATCH_SECONDS (8), WATCH_WATCHERS (200), WATCH_WRITERS (20) and WATCH_RATE (150 changes a second) make it as large as wanted.
 */
import test, { type ExecutionContext } from 'ava';
import { buildApiLoad, runApiLoad } from '../bench/api/load.ts';
import { ClientServer } from './clients/server.ts';

const seconds = Number(process.env.WATCH_SECONDS ?? 8);
const watchers = Number(process.env.WATCH_WATCHERS ?? 200);
const writers = Number(process.env.WATCH_WRITERS ?? 20);
const rate = Number(process.env.WATCH_RATE ?? 150);

/** The account is taken from history, so all of it has to be there. */
const history = { CALICO_HISTORY_REVISIONS: '1000000' };

test.serial('no watcher misses an event, gets one twice or out of order', async (t) => {
  t.timeout((seconds + 240) * 1000);
  buildApiLoad();
  await using server = await ClientServer.start(history);
  const memory = watchMemory(server);
  const load = await runApiLoad('watch', target(server), { watchers, writers, seconds, rate });
  tell(t, memory.end());
  t.log(JSON.stringify(load));
  t.deepEqual(load.faults, []);
  t.is(load.failed, 0);
  t.true(load.changes > seconds && load.deliveries > load.changes, 'there was something to see');
});

test.serial('a watcher that does not read is cut with 410, lists, and goes on', async (t) => {
  t.timeout(240_000);
  buildApiLoad();
  await using server = await ClientServer.start();
  const memory = watchMemory(server);
  const slow = await runApiLoad('slow', target(server), { watchers: 10, megabytes: 60 });
  tell(t, memory.end());
  t.log(JSON.stringify(slow));
  t.deepEqual(slow.faults ?? [], []);
  t.is(slow.cut, 10);
  t.is(slow.recovered, 10);
});

function target(server: ClientServer): string {
  return `http://127.0.0.1:${server.httpPort}`;
}

/** The server's memory, looked at every half second. */
function watchMemory(server: ClientServer) {
  const samples = [server.rssMib()];
  const timer = setInterval(() => samples.push(server.rssMib()), 500);
  return {
    end(): readonly number[] {
      clearInterval(timer);
      return samples;
    },
  };
}

function tell(t: ExecutionContext, samples: readonly number[]): void {
  const step = Math.max(1, Math.floor(samples.length / 20));
  const some = samples.filter((_, i) => i % step === 0).map(Math.round);
  t.log(`server's memory over time, MiB: ${some.join(' ')}; most ${Math.round(Math.max(...samples))}`);
}
