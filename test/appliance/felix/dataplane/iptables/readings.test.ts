/** When rules and sets are read again, by a clock that the test moves. */
import test from 'ava';
import { Readings } from '#appliance/felix/dataplane/iptables/readings.ts';

/** A pass follows each time something is due; readings take as long as they are said to. */
function open(tookMs: { tables: number; sets: number } = { tables: 50, sets: 10 }) {
  const timers = new Set<{ readonly atMs: number; readonly then: () => void }>();
  const read: string[] = [];
  let nowMs = 0;
  const clock = {
    now: () => nowMs,
    after(delayMs: number, then: () => void) {
      const timer = { atMs: nowMs + delayMs, then };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
  };
  const pass = () => {
    for (const reading of ['tables', 'sets'] as const) {
      if (!readings.take(reading)) continue;
      read.push(`${reading} ${Math.round(nowMs)}`);
      readings.onRead(reading, tookMs[reading]);
    }
  };
  const readings = new Readings({ clock, onDue: pass });
  const advanceTo = (ms: number) => {
    for (;;) {
      const [next] = [...timers].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > ms) break;
      timers.delete(next);
      nowMs = next.atMs;
      next.then();
    }
    nowMs = ms;
  };
  const taken = () => read.splice(0);
  return { readings, advanceTo, taken, tookMs };
}

test('what nobody announces is read every two seconds while that is cheap, and less often as it costs more', (t) => {
  const { readings, advanceTo, taken, tookMs } = open();
  readings.set('sets', 90_000, false);
  advanceTo(6_000);
  t.deepEqual(taken(), ['sets 2000', 'sets 4000', 'sets 6000']);
  tookMs.sets = 900;
  advanceTo(14_000);
  t.is(taken().length, 4, 'one that is slow once counts as the quickest of the last');
  advanceTo(42_000);
  t.is(taken().length, 3, 'every nine seconds');
  readings.set('sets', 1_000, false);
  advanceTo(45_000);
  t.is(taken().length, 3, 'at least as often as configured');
  readings.set('sets', 0, false);
  advanceTo(1_000_000);
  t.deepEqual(taken(), []);
});

test('passes that change nothing put no reading off', (t) => {
  const { readings, advanceTo, taken } = open();
  for (let ms = 0; ms <= 4_000; ms += 500) {
    readings.set('sets', 90_000, false);
    advanceTo(ms);
  }
  t.deepEqual(taken(), ['sets 2000', 'sets 4000']);
});

test('what is announced is read soon after it was heard, once for many, and at intervals while it goes on', (t) => {
  const { readings, advanceTo, taken, tookMs } = open();
  readings.set('tables', 180_000, true);
  advanceTo(10_000);
  t.deepEqual(taken(), []);
  for (let n = 0; n < 5; n++) readings.hear('tables');
  advanceTo(11_000);
  t.deepEqual(taken(), ['tables 10100']);
  for (let ms = 11_050; ms < 15_000; ms += 50) {
    advanceTo(ms);
    readings.hear('tables');
  }
  t.deepEqual(taken(), ['tables 11150', 'tables 12150', 'tables 13150', 'tables 14150']);
  tookMs.tables = 300;
  for (let ms = 15_000; ms < 40_000; ms += 50) {
    advanceTo(ms);
    readings.hear('tables');
  }
  const times = taken().map((text) => Number(text.split(' ')[1]));
  t.is(times.at(-1)! - times.at(-2)!, 3_000, 'ten times what it takes');
  readings.close();
  readings.hear('tables');
  advanceTo(1_000_000);
  t.deepEqual(taken(), []);
});

test('what is marked is read in the next pass, and only in that one', (t) => {
  const { readings } = open();
  t.false(readings.take('tables'));
  readings.mark('tables');
  t.false(readings.take('sets'));
  t.true(readings.take('tables'));
  t.false(readings.take('tables'));
});
