import test from 'ava';
import { RepairPace } from '#appliance/felix/dataplane/linux/repair-pace.ts';

test('the first repair is due at once, each further one a second after the one before', (t) => {
  const pace = new RepairPace();
  t.is(pace.delayMs('a', 0), 0);
  t.is(pace.delayMs('a', 300), 700);
  t.is(pace.delayMs('b', 300), 0);
  t.is(pace.delayMs('a', 3_000), 0);
});

test('what is asked for now alone is not put off by asking', (t) => {
  const pace = new RepairPace();
  t.true(pace.takeNow('a', 0));
  for (const nowMs of [100, 500, 999]) t.false(pace.takeNow('a', nowMs));
  t.true(pace.takeNow('a', 1_000));
});
