import test from 'ava';
import { RestoreGuard } from '#appliance/felix/dataplane/nftables/restore-guard.ts';

test('the first restoration is due at once, the next after a rest of five times what it took', (t) => {
  const guard = new RestoreGuard();
  t.is(guard.delayMs(0), 0);
  guard.onRestored(100, 40);
  t.is(guard.delayMs(100), 200);
  t.is(guard.delayMs(250), 50);
  t.is(guard.delayMs(301), 0);
});

test('however long restoring takes, the rest is two seconds at most', (t) => {
  const guard = new RestoreGuard();
  guard.onRestored(0, 60_000);
  t.is(guard.delayMs(0), 2_000);
});

test('more than twenty restorations in ten seconds are a quarrel: one a second, until it is over', (t) => {
  const guard = new RestoreGuard();
  for (let nowMs = 0; nowMs <= 2_000; nowMs += 100) guard.onRestored(nowMs, 1);
  t.true(guard.isQuarrel(2_000));
  t.is(guard.delayMs(2_000), 1_000);
  t.false(guard.isQuarrel(12_001));
  t.is(guard.delayMs(12_001), 0);
});

test('a change each second is no quarrel', (t) => {
  const guard = new RestoreGuard();
  for (let nowMs = 0; nowMs < 60_000; nowMs += 1_000) {
    guard.onRestored(nowMs, 5);
    t.is(guard.delayMs(nowMs + 1_000), 0);
  }
});
