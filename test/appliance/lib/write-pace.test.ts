import test from 'ava';
import { WritePace } from '#appliance/lib/write-pace.ts';

test('the first write is due at once, further ones after twice the time each, up to the longest, until it has been quiet', (t) => {
  const pace = new WritePace({ minMs: 10, maxMs: 50, windowMs: 1_000 });
  t.is(pace.delayMs(0), 0);
  for (const [nowMs, expected] of [
    [0, 10],
    [10, 20],
    [30, 40],
    [70, 50],
  ] as const) {
    pace.onWritten(nowMs);
    t.is(pace.delayMs(nowMs), expected);
  }
  t.is(pace.delayMs(100), 20);
  t.is(pace.delayMs(2_000), 0);
});
