/** Go's durations, both ways. */
import test from 'ava';
import fc from 'fast-check';
import { parseDuration, printDuration } from '#appliance/resources/fields/duration.ts';

const rows: readonly (readonly [string, string])[] = [
  ['90s', '1m30s'],
  ['15m', '15m0s'],
  ['0', '0s'],
  ['0h', '0s'],
  ['24h', '24h0m0s'],
  ['1.5s', '1.5s'],
  ['.5s', '500ms'],
  ['1500us', '1.5ms'],
  ['7ns', '7ns'],
  ['1\u03bcs', '1\u00b5s'],
  ['-1m', '-1m0s'],
  ['+1h1ms', '1h0m0.001s'],
  ['1m1m', '2m0s'],
  ['1s.5ms', '1.0005s'],
];

for (const [source, canonical] of rows) {
  test(`printDuration() makes ${canonical} of ${source}`, (t) => {
    t.is(printDuration(parseDuration(source)!), canonical);
  });
}

test('parseDuration() refuses what Go refuses', (t) => {
  for (const source of [
    '',
    '90',
    '1d',
    's',
    '1 s',
    '1s ',
    '--1s',
    '1e3s',
    '.s',
    '300000h1000000h9999999h',
    'Infinity',
    '\n1s',
  ]) {
    t.is(parseDuration(source), undefined, source);
  }
});

test('parseDuration() undoes printDuration()', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }), (nanoseconds) => {
      t.is(parseDuration(printDuration(nanoseconds)), nanoseconds);
    }),
    { verbose: 1 },
  );
});
