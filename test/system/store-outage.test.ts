/**
 * A store that freezes or is cut off: the agent says so within ten seconds, keeps the kernel as it is, and follows again within five
 * seconds of its return. OUTAGE_SECONDS makes the outages longer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { until } from '../appliance/felix/status/test-store.ts';
import { type Outage, type OutageWorld, openOutageWorld, readMetrics } from './outage-world.ts';

const outageMs = Number(process.env.OUTAGE_SECONDS ?? 14) * 1_000;
const reportedWithinMs = 10_000;
const recoveredWithinMs = 5_000;

const outages: Readonly<Record<string, Outage>> = {
  'a store that freezes': {
    begin: ({ servers }) => servers.map((server) => server.kill('SIGSTOP')),
    end: ({ servers }) => servers.map((server) => server.kill('SIGCONT')),
  },
  'a server that has lost the other two': {
    begin: async ({ far, servers }) => {
      for (const [index, server] of servers.entries()) {
        const hasWatch = /^etcd_debugging_mvcc_watcher_total 1$/m.test(await readMetrics(far, index));
        if (!hasWatch) server.kill('SIGSTOP');
      }
    },
    end: ({ servers }) => servers.map((server) => server.kill('SIGCONT')),
  },
  'a network that swallows all packets': {
    begin: ({ far }) =>
      far.exec(
        'nft',
        'table inet cut { chain in { type filter hook input priority -300; iifname cable1 drop; }; chain out { type filter hook output priority -300; oifname cable1 drop; }; }',
      ),
    end: ({ far }) => far.exec('nft', 'delete table inet cut'),
  },
  'a cable that is pulled': {
    begin: ({ far }) => far.exec('ip', 'link', 'set', 'cable1', 'down'),
    end: ({ far }) => far.exec('ip', 'link', 'set', 'cable1', 'up'),
  },
};

const worlds: readonly [string, number, Outage][] = [
  ...Object.entries(outages).map(
    ([what, outage]) => [`over etcd, ${what}`, what.includes('two') ? 3 : 1, outage] as [string, number, Outage],
  ),
  ['over our own API server, a store that freezes', 0, outages['a store that freezes']!],
];

for (const [what, etcds, outage] of worlds) {
  test(`${what} is reported within 10 s, changes nothing in the kernel, and is followed again within 5 s`, async (t) => {
    t.timeout(120_000 + outageMs);
    const world = await openOutageWorld(t, { etcds });
    const before = await world.ruleset();
    const began = performance.now();
    await outage.begin(world);
    await until(async () => (await world.status()).storeConnection.state === 'degraded', reportedWithinMs);
    const reportedMs = Math.round(performance.now() - began);
    t.is(typeof (await world.status()).storeConnection.problem, 'string');
    await sleep(Math.max(0, outageMs - reportedMs));
    t.is((await world.status()).storeConnection.state, 'degraded');
    t.is(await world.ruleset(), before);
    const ended = performance.now();
    await outage.end(world);
    await changeArrives(world, 26, recoveredWithinMs);
    const recoveredMs = Math.round(performance.now() - ended);
    t.is((await world.status()).storeConnection.state, 'connected');
    t.log(`reported after ${reportedMs} ms, back after ${recoveredMs} ms`);
  });
}

async function changeArrives(world: OutageWorld, port: number, withinMs: number): Promise<void> {
  await world.allow(port);
  await until(async () => (await world.ruleset()).includes(`dport ${port}`), withinMs);
}
