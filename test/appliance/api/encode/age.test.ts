import test from 'ava';
import { printAge } from '#appliance/api/encode/age.ts';

const second = 1;
const minute = 60;
const hour = 3600;
const day = 86_400;

for (const [seconds, text] of [
  [0, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [5 * minute + 10, '5m10s'],
  [12 * minute + 10, '12m'],
  [179 * minute, '179m'],
  [3 * hour + 5 * minute, '3h5m'],
  [9 * hour + 5 * minute, '9h'],
  [2 * day + 3 * hour, '2d3h'],
  [100 * day, '100d'],
  [2 * 365 * day + 35 * day, '2y35d'],
  [-5, '0s'],
] as const)
  test(`printAge() tells ${seconds} seconds as ${text}`, (t) => {
    t.is(printAge('2026-08-01T00:00:00Z', Date.parse('2026-08-01T00:00:00Z') + seconds * 1000), text);
  });

test('printAge() gives an empty text for what is no time', (t) => {
  t.is(printAge('soon', 0), '');
});
