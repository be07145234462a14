/**
 * Three etcds restarted one after the other, again and again, under an agent: it misses no change and leaves no watch behind.
 * ROUNDS asks for more rounds.
 */
import { readdirSync } from 'node:fs';
import test from 'ava';
import { until } from '../appliance/felix/status/test-store.ts';
import { clientUrl, type OutageWorld, openOutageWorld, readMetrics, startEtcd } from './outage-world.ts';

const rounds = Number(process.env.ROUNDS ?? 4);
const policies = 10;
/** One on resources, one on IPAM's blocks. */
const watches = 2;

test(`${rounds} rolling restarts of three etcds cost the agent no change and leave no watch behind`, async (t) => {
  t.timeout(120_000 + rounds * 30_000);
  const world = await openOutageWorld(t, { etcds: 3 });
  const before = await figures(world);
  t.is(before.watchers, watches);
  let port = 1_000;
  const wanted = new Map<string, number>();
  const change = async () => {
    const name = `p${port % policies}`;
    await world.allow(port, name);
    wanted.set(name, port++);
  };
  let longestMs = 0;
  for (let round = 0; round < rounds; round++) {
    for (const index of world.servers.keys()) {
      await restart(world, index, change);
      const changed = performance.now();
      await change();
      await until(async () => (await world.ruleset()).includes(`dport ${port - 1}`), 20_000);
      longestMs = Math.max(longestMs, performance.now() - changed);
    }
  }
  const ruleset = await world.ruleset();
  for (const [name, last] of wanted) t.true(ruleset.includes(`dport ${last}`), `${name}: ${last}`);
  t.is(ruleset.match(/dport 1\d\d\d/g)?.length, wanted.size, 'nothing that was replaced is left');
  await until(async () => (await figures(world)).watchers <= before.watchers, 15_000);
  const after = await figures(world);
  t.deepEqual([after.watchers, after.streams], [watches, watches]);
  t.true(after.sockets <= before.sockets + 2, `${before.sockets} descriptors became ${after.sockets}`);
  t.is((await world.status()).storeConnection.state, 'connected');
  t.log(
    `${rounds * 3} restarts, ${port - 1_000} changes, the slowest in the kernel after ${Math.round(longestMs)} ms;`,
  );
  t.log(`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
});

/** Changes are written while it is down and while it comes back. */
async function restart(world: OutageWorld, index: number, change: () => Promise<void>): Promise<void> {
  const server = world.servers[index]!;
  server.kill('SIGTERM');
  await server;
  await change();
  world.servers[index] = startEtcd(world.far, world.folder, index, world.servers.length);
  await change();
  await until(() => isHealthy(world, index), 30_000);
}

async function isHealthy({ far }: OutageWorld, index: number): Promise<boolean> {
  const asked = far.exec('etcdctl', '--endpoints', clientUrl(index), 'endpoint', 'health');
  return asked.then(
    () => true,
    () => false,
  );
}

/** Over all servers: watches that exist, and streams that carry watches. Of the agent: open descriptors. */
async function figures({ far, servers, agent }: OutageWorld) {
  const texts = await Promise.all(servers.map((_, index) => readMetrics(far, index)));
  const sum = (name: RegExp) => texts.reduce((total, text) => total + matchSum(text, name), 0);
  const started = sum(/^grpc_server_started_total\{grpc_method="Watch".*\} (\d+)$/gm);
  const handled = sum(/^grpc_server_handled_total\{.*grpc_method="Watch".*\} (\d+)$/gm);
  return {
    watchers: sum(/^etcd_debugging_mvcc_watcher_total (\d+)$/gm),
    streams: started - handled,
    sockets: readdirSync(`/proc/${agent.pid}/fd`).length,
  };
}

function matchSum(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
}
