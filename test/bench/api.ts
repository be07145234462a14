/**
 * The REST API of a server of its own with 10,000 policies: requests a second and how long they take, from one client and from 32; how long until
 * a watcher sees a change; and `calicoctl get` beside `kubectl get`, cold. Figures only; nothing is asserted. I/O.
 * Usage: api.ts   BENCH_POLICIES (10000), BENCH_SECONDS (3 a point)
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loopbackKubeconfig } from '../system/clients/kubeconfig.ts';
import { oneKubectl } from '../system/kubectl/programs.ts';
import { buildApiLoad, runApiLoad, runCommand } from './api/load.ts';
import { type ApiRow, printRows } from './api/row.ts';
import { policiesMany, startBenchWorld } from './api/world.ts';

const seconds = Number(process.env.BENCH_SECONDS ?? 3);
const clientsMany = 32;
const policies = '/apis/projectcalico.org/v3/globalnetworkpolicies';
const sets = '/apis/projectcalico.org/v3/globalnetworksets';
const calicoctl = join(import.meta.dirname, '../../bin/calicoctl');

buildApiLoad();
await using world = await startBenchWorld();
const { server, target } = world;
const rows: ApiRow[] = [];
await benchRequests();
await benchWatch();
await benchCommands();
console.log(`\n${printRows(rows)}`);

function tell(...own: ApiRow[]): void {
  rows.push(...own);
  console.log(printRows(own, { isHeadless: true }));
}

async function benchRequests(): Promise<void> {
  for (let id = 0; id < clientsMany; id++)
    await server.call('POST', '/globalnetworksets', { metadata: { name: `own-${id}` }, spec: {} });
  for (const clients of [1, clientsMany]) {
    await request('get', `${policies}/policy-7`, clients);
    await request('update', `${sets}/own`, clients);
    await request('create', sets, clients);
  }
  await request('list', policies, 1, 300);
}

async function request(operation: string, path: string, clients: number, aim?: number): Promise<void> {
  const before = server.cpuMs();
  const { requests, failed, times, ...load } = await runApiLoad('request', target, {
    operation,
    path,
    clients,
    seconds,
  });
  const cpuMs = (server.cpuMs() - before) / requests;
  const point = `${operation === 'list' ? `list of ${policiesMany}` : operation}, ${clients} client(s)`;
  if (failed > 0) console.log(`${point}: ${failed} of ${requests} failed`);
  tell(
    { point, figure: 'a second', value: requests / load.seconds },
    { point, figure: 'p50, ms', value: times.p50Ms },
    { point, figure: 'p99, ms', value: times.p99Ms },
    { point, figure: "server's processor, ms each", value: cpuMs, ...(aim !== undefined && { aim }) },
  );
}

/** From before a write is sent to its event, with watches of several selections, at a rate that leaves room. */
async function benchWatch(): Promise<void> {
  for (const watchers of [10, 300]) {
    const { latency, faults } = await runApiLoad('watch', target, { watchers, writers: 10, seconds, rate: 50 });
    const point = `write to event, ${watchers} watches`;
    if (faults.length > 0) console.log(faults.join('\n'));
    tell({ point, figure: 'p50, ms', value: latency.p50Ms }, { point, figure: 'p99, ms', value: latency.p99Ms });
    await server.call('DELETE', '/namespaces/space-0/networksets/last');
    for (const { metadata } of (await server.call('GET', '/networksets')).body.items)
      await server.call('DELETE', `/namespaces/${metadata.namespace}/networksets/${metadata.name}`);
  }
}

async function benchCommands(): Promise<void> {
  const config = join(world.directory, 'kubeconfig');
  writeFileSync(config, loopbackKubeconfig(server));
  process.env.KUBECONFIG = config;
  process.env.HOME = world.directory;
  process.env.CALICO_API_ENDPOINT = `unix:${server.socket}`;
  const kubectl = [oneKubectl(), 'get', 'globalnetworkpolicies.projectcalico.org'];
  for (const [point, words, aim] of [
    ['calicoctl get of one', [calicoctl, 'get', 'gnp', 'policy-7'], 50],
    ['kubectl get of one', [...kubectl, 'policy-7'], undefined],
    [`calicoctl get of ${policiesMany}`, [calicoctl, 'get', 'gnp'], undefined],
    [`kubectl get of ${policiesMany}`, kubectl, undefined],
  ] as const) {
    const { wallMs, leastMs, cpuMs, rssMib } = await runCommand(words, 5);
    tell(
      { point, figure: 'wall, ms, median', value: wallMs, ...(aim !== undefined && { aim }) },
      { point, figure: 'wall, ms, least', value: leastMs },
      { point, figure: 'processor, ms', value: cpuMs },
      { point, figure: 'memory, MiB', value: rssMib },
    );
  }
}
