import test from 'ava';
import { Summary } from '#appliance/felix/status/metrics/summary.ts';
import { printMetrics } from '#appliance/lib/prometheus-text.ts';

const lines = (summary: Summary, nowMs: number) =>
  printMetrics([summary.family('x', 'X.', nowMs)])
    .trim()
    .split('\n');

test('a summary has quantiles, sum and count', (t) => {
  const summary = new Summary();
  for (let i = 100; i >= 1; i--) summary.observe(i, 0);
  t.deepEqual(lines(summary, 1), [
    '# HELP x X.',
    '# TYPE x summary',
    'x{quantile="0.5"} 50',
    'x{quantile="0.9"} 90',
    'x{quantile="0.99"} 99',
    'x_sum 5050',
    'x_count 100',
  ]);
});

test('quantiles speak of the last while and the last thousand; sum and count of all', (t) => {
  const summary = new Summary();
  t.is(lines(summary, 0)[2], 'x{quantile="0.5"} NaN');
  for (let i = 0; i < 5000; i++) summary.observe(i < 4000 ? 1 : 2, 0);
  t.is(lines(summary, 600_000)[2], 'x{quantile="0.5"} 2');
  t.is(lines(summary, 600_000).at(-1), 'x_count 5000');
  t.is(lines(summary, 600_001)[2], 'x{quantile="0.5"} NaN');
  t.is(lines(summary, 600_001).at(-1), 'x_count 5000');
});
