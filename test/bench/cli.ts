/**
 * What calicoctl takes, cold, against a server of its own with 10,000 policies: wall time, processor time and memory beside the aims and beside what
 * upstream's took on a machine of this sort. Figures only; nothing is asserted. I/O.
 * Usage: cli.ts   BENCH_POLICIES (10000), BENCH_RUNS (9), BENCH_ONLY (a part of the names of points)
 */
import { join } from 'node:path';
import { buildApiLoad, runCommand } from './api/load.ts';
import { type ApiRow, printRows } from './api/row.ts';
import { policyFile, startBenchWorld } from './api/world.ts';

const runs = Number(process.env.BENCH_RUNS ?? 9);
const calicoctl = join(import.meta.dirname, '../../bin/calicoctl');

interface Point {
  readonly name: string;
  readonly words: readonly string[];
  readonly runs?: number;
  readonly aimMs?: number;
  readonly aimMib?: number;
  readonly upstreamMs?: number;
}

buildApiLoad();
await using world = await startBenchWorld();
const rows: ApiRow[] = [];
for (const point of points(world.directory)) {
  if (!point.name.includes(process.env.BENCH_ONLY ?? '')) continue;
  rows.push(...(await measure(point)));
}
console.log(`\n${printRows(rows)}`);

function points(directory: string): Point[] {
  const one = policyFile(directory, 'one.yaml', 1, 0, 'policy');
  const fresh = policyFile(directory, 'new.yaml', 1000, 0, 'fresh');
  const single = policyFile(directory, 'single.yaml', 1, 0, 'single');
  const known = policyFile(directory, 'known.yaml', 1000, 0, 'policy');
  return [
    { name: 'version', words: ['version', '--client'] },
    { name: 'get one', words: ['get', 'gnp', 'policy-7'], aimMs: 50, upstreamMs: 35 },
    { name: 'get 10,000', words: ['get', 'gnp'], upstreamMs: 325, runs: 3 },
    { name: 'get 10,000 -o json', words: ['get', 'gnp', '-o', 'json'], upstreamMs: 420, runs: 3 },
    {
      name: 'get 10,000 -o yaml',
      words: ['get', 'gnp', '-o', 'yaml'],
      aimMs: 500,
      aimMib: 150,
      upstreamMs: 2640,
      runs: 3,
    },
    { name: 'apply one, new', words: ['apply', '-f', single], aimMs: 80, upstreamMs: 121, runs: 1 },
    { name: 'apply one, as it is', words: ['apply', '-f', one], aimMs: 80, upstreamMs: 114 },
    { name: 'apply 1,000, new', words: ['apply', '-f', fresh], aimMs: 600, upstreamMs: 1855, runs: 1 },
    { name: 'apply 1,000, as they are', words: ['apply', '-f', fresh], aimMs: 600, upstreamMs: 3844, runs: 3 },
    { name: 'apply 1,000, changed', words: ['apply', '-f', known], aimMs: 600, upstreamMs: 3844, runs: 1 },
  ];
}

async function measure(point: Point): Promise<ApiRow[]> {
  process.env.CALICO_API_ENDPOINT = `unix:${world.server.socket}`;
  const before = world.server.cpuMs();
  const count = point.runs ?? runs;
  const done = await runCommand([calicoctl, ...point.words], count);
  const own: ApiRow[] = [
    {
      point: point.name,
      figure: 'wall, ms, median',
      value: done.wallMs,
      ...(point.aimMs && { aim: point.aimMs }),
      ...(point.upstreamMs && { upstream: point.upstreamMs }),
    },
    { point: point.name, figure: 'wall, ms, least', value: done.leastMs },
    { point: point.name, figure: 'processor, ms', value: done.cpuMs },
    { point: point.name, figure: "server's processor, ms", value: (world.server.cpuMs() - before) / count },
    { point: point.name, figure: 'memory, MiB', value: done.rssMib, ...(point.aimMib && { aim: point.aimMib }) },
  ];
  console.log(printRows(own, { isHeadless: true }));
  return own;
}
