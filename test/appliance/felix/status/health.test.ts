import test from 'ava';
import { createHealth, type HealthReport } from '#appliance/felix/status/health.ts';

const well: HealthReport = { isReady: true, busyMs: 0, detail: '' };
const reporter = (name: string, report: () => HealthReport, timeoutMs = 0) => ({
  name,
  timeoutMs: () => timeoutMs,
  report,
});

test('answer() has nothing to say when all is well', (t) => {
  const health = createHealth([reporter('A', () => well)], () => ({}));
  t.deepEqual(health.answer('liveness'), { isOk: true, text: '' });
  t.deepEqual(health.answer('readiness'), { isOk: true, text: '' });
});

test('answer() shows a table in the order of names when somebody has a detail', (t) => {
  const reporters = [reporter('Graph', () => ({ ...well, detail: 'locked\n' }), 90_000), reporter('Big', () => well)];
  const { isOk, text } = createHealth(reporters, () => ({})).answer('readiness');
  t.true(isOk);
  t.is(
    text,
    [
      '+-----------+---------+----------------+-----------------+---------+',
      '| COMPONENT | TIMEOUT | LIVENESS       | READINESS       | DETAIL  |',
      '+-----------+---------+----------------+-----------------+---------+',
      '| Big       | -       | reporting live | reporting ready |         |',
      '| Graph     | 1m30s   | reporting live | reporting ready | locked  |',
      '+-----------+---------+----------------+-----------------+---------+',
      '',
    ].join('\n'),
  );
});

test('a part that is not ready fails readiness alone', (t) => {
  const health = createHealth([reporter('A', () => ({ ...well, isReady: false }))], () => ({}));
  t.true(health.answer('liveness').isOk);
  const { isOk, text } = health.answer('readiness');
  t.false(isOk);
  t.regex(text, /A +\| - +\| reporting live \| reporting non-ready/);
});

test('a part that is busy for longer than its time fails both, and names the time; one without a time never does', (t) => {
  let busyMs = 30_000;
  const health = createHealth(
    [reporter('A', () => ({ ...well, busyMs }), 30_000), reporter('B', () => ({ ...well, busyMs: 1e9 }))],
    () => ({}),
  );
  t.true(health.answer('liveness').isOk);
  busyMs = 30_001;
  for (const question of ['liveness', 'readiness'] as const) {
    const { isOk, text } = health.answer(question);
    t.false(isOk);
    t.regex(text, /A +\| 30s +\| timed out +\| timed out +\| busy with one thing for 30 s/);
  }
});

test('overrides count from the moment they are given, by name, zero for never', (t) => {
  let overrides: Record<string, number> = {};
  const health = createHealth([reporter('A', () => ({ ...well, busyMs: 500 }), 1_000)], () => overrides);
  t.true(health.answer('liveness').isOk);
  overrides = { A: 400 };
  t.false(health.answer('liveness').isOk);
  overrides = { B: 400 };
  t.true(health.answer('liveness').isOk);
  overrides = { A: 0 };
  t.true(health.answer('liveness').isOk);
});
