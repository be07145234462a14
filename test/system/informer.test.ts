/**
 * The JavaScript client's informers through churn, cuts, compactions and restarts: nothing is missed, nothing goes back, and the caches end as the
 * server has it. SOAK_SECONDS (30) makes it as long as wanted, SOAK_RATE (100) changes a second, SOAK_ROUND_SECONDS (6) the length of a round,
 * SOAK_LOG names a file that gets the figures of each round.
 */
import { appendFileSync } from 'node:fs';
import test from 'ava';
import { Journal } from './informer/journal.ts';
import { type SoakReport, soak } from './informer/soak.ts';

const seconds = Number(process.env.SOAK_SECONDS ?? 30);
const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);

test('informers miss no change through cuts, compactions and restarts', async (t) => {
  t.timeout((seconds + 240) * 1000);
  t.log(`SOAK_SEED=${seed}`);
  const file = process.env.SOAK_LOG;
  const onRound = (report: SoakReport) => {
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(report)}\n`);
  };
  const report = await soak({
    seconds,
    roundSeconds: Number(process.env.SOAK_ROUND_SECONDS ?? 6),
    writers: 4,
    changesPerSecond: Number(process.env.SOAK_RATE ?? 100),
    random: mulberry(seed),
    onRound,
  });
  t.log(JSON.stringify({ ...report, faults: report.faults.length }));
  t.deepEqual(report.faults, []);
  t.true(report.changes > seconds, 'something was written');
  t.true(report.events + report.coalesced >= report.changes, 'and all of it was told');
  t.true(report.coalesced > 0 && report.connects > 2, 'and not all by a single watch');
});

test('the journal finds what was missed, and what went back', (t) => {
  const journal = new Journal();
  journal.listed(10);
  journal.saw({ key: 'a', type: 'put', revision: 11 });
  for (const revision of [11, 12]) journal.wrote({ key: 'a', type: 'put', revision, until: revision });
  journal.wrote({ key: 'a', type: 'delete', revision: 12, until: 14 });
  t.deepEqual(journal.judge(), ['missed put a 12', 'missed delete a 12']);
  journal.wrote({ key: 'b', type: 'put', revision: 16, until: 16 });
  journal.listed(20);
  journal.saw({ key: 'a', type: 'put', revision: 10 });
  t.deepEqual(journal.judge(), ['went back to put a 10']);
  t.is(journal.coalesced, 1);
});

/** A small seeded generator: the same seed, the same writes. */
function mulberry(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
