/**
 * The store, the face and real etcd under the same traffic and the same faults, held to the same rules. Real etcd is the control: what it
 * breaks is the suite's fault. ROBUSTNESS_SEED repeats a run's choices, ROBUSTNESS_KILLS asks for more kills in all (200), and
 * ROBUSTNESS_SECONDS for runs with one seed after the other until so much time is over for each system.
 */
import test, { type ExecutionContext } from 'ava';
import { faultCounts, figuresOf, keepHistory } from './report.ts';
import { runTarget } from './run.ts';
import type { Target } from './target.ts';
import { openEmbedded } from './targets/embedded.ts';
import { openEtcd } from './targets/etcd.ts';
import { openFace } from './targets/face.ts';

interface System {
  readonly name: string;
  open(): Promise<Target>;
  /** Its part of all kills: those that start fast are killed most. */
  readonly share: number;
}

const seed = Number(process.env.ROBUSTNESS_SEED ?? Date.now() % 1_000_000);
const kills = Number(process.env.ROBUSTNESS_KILLS ?? 200);
const seconds = Number(process.env.ROBUSTNESS_SECONDS ?? 0);
/** A history is searched in time and memory that grow with its square: several of a moderate length say as much as a long one. */
const killsPerRun = 35;
const systems: readonly System[] = [
  { name: 'the embedded store', open: openEmbedded, share: 0.7 },
  { name: 'the etcd face', open: openFace, share: 0.15 },
  { name: 'one etcd', open: () => openEtcd(1), share: 0.1 },
  { name: 'three etcds', open: () => openEtcd(3), share: 0.05 },
];

for (const { name, open, share } of systems) {
  test.serial(`${name} keeps its promises through kills and other faults (seed ${seed})`, async (t) => {
    t.timeout((120 + seconds) * 1000 + kills * share * 3000);
    const endMs = performance.now() + seconds * 1000;
    let left = Math.ceil(kills * share);
    for (let next = seed; left > 0 || performance.now() < endMs; next++) {
      const wanted = left > 0 ? Math.min(left, killsPerRun) : killsPerRun;
      left -= wanted;
      await runOnce(t, open, next, wanted);
    }
  });
}

async function runOnce(t: ExecutionContext, open: System['open'], runSeed: number, wanted: number): Promise<void> {
  await using target = await open();
  const report = await runTarget(target, { seed: runSeed, kills: wanted, rounds: 1, calmOperations: 50 });
  const figures = figuresOf(report);
  t.log(`${target.name}, seed ${runSeed}: ${JSON.stringify(figures)}; ${faultCounts(report)}`);
  if (report.problems.length > 0 || report.verdict.result !== 'Ok') t.log(await keepHistory(target.name, report));
  t.deepEqual(report.problems.slice(0, 10), []);
  t.is(report.verdict.result, 'Ok');
  t.true(
    figures.kills >= wanted && figures.acknowledgedWrites > 100 && figures.events > 500,
    'a run that did something',
  );
  t.true(figures.compactions > 0 && figures.unknown > 0, 'a run that met trouble');
}
