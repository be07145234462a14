import test, { type ExecutionContext } from 'ava';
import { statusPrefixes } from '#appliance/felix/status/keys.ts';
import { type ProcessStatusOptions, startProcessStatus } from '#appliance/felix/status/process-status.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { openTestStore, until } from './test-store.ts';

const prefixes = statusPrefixes('h', 'no-region');

async function world(t: ExecutionContext, options: Partial<ProcessStatusOptions> = {}) {
  const test = await openTestStore();
  const heartbeat = startProcessStatus({
    store: test.store,
    prefixes: () => prefixes,
    mayWrite: () => true,
    now: () => new Date('2026-08-01T09:30:00.999Z'),
    log: silentLogger,
    ...options,
  });
  t.teardown(() => heartbeat.close());
  const beats = () => test.calls.filter((call) => call === 'txn').length;
  return { test, heartbeat, beats };
}

test('the first report says so, the next ones do not', async (t) => {
  const { test, heartbeat, beats } = await world(t);
  heartbeat.configure({ intervalMs: 3_600_000, ttlMs: 90_000 });
  await until(() => beats() === 1);
  const first = await test.read(prefixes.active);
  t.regex(first!, /^\{"time":"2026-08-01T09:30:00Z","uptime":\d+(\.\d+)?,"first_update":true\}$/);
  t.is(await test.read(prefixes.lastReported), first!);
  heartbeat.configure({ intervalMs: 3_600_000, ttlMs: 90_000 });
  await until(() => beats() === 2);
  t.true((await test.read(prefixes.active))?.endsWith('"first_update":false}'));
});

test('all reports share one lease, and another length takes another', async (t) => {
  const { test, heartbeat, beats } = await world(t);
  heartbeat.configure({ intervalMs: 1, ttlMs: 90_000 });
  await until(() => beats() >= 5);
  const [lease, ...others] = await test.store.leases();
  t.deepEqual(others, []);
  t.is((await test.store.leaseTimeToLive(lease!, true)).ttlSeconds, 90);
  heartbeat.configure({ intervalMs: 1, ttlMs: 30_000 });
  await until(async () => (await test.store.leases()).length === 2);
});

test('a lease that is gone is replaced', async (t) => {
  const { test, heartbeat, beats } = await world(t);
  heartbeat.configure({ intervalMs: 1, ttlMs: 90_000 });
  await until(() => beats() >= 1);
  const [lease] = await test.store.leases();
  await test.store.leaseRevoke(lease!);
  await until(async () => (await test.store.leases()).some((id) => id !== lease));
  await until(async () => (await test.read(prefixes.active)) !== undefined);
  t.pass();
});

test('the active status goes with its lease after death, the last reported one stays', async (t) => {
  const { test, heartbeat, beats } = await world(t);
  heartbeat.configure({ intervalMs: 3_600_000, ttlMs: 1_000 });
  await until(() => beats() === 1);
  await heartbeat.close();
  await until(async () => (await test.read(prefixes.active)) === undefined);
  t.not(await test.read(prefixes.lastReported), undefined);
});

test('a report is one commit of the store', async (t) => {
  const { test, heartbeat, beats } = await world(t);
  heartbeat.configure({ intervalMs: 3_600_000, ttlMs: 90_000 });
  await until(() => beats() === 1);
  await until(async () => (await test.read(prefixes.lastReported)) !== undefined);
  const keys = [prefixes.active, prefixes.lastReported].map((key) => test.store.range({ key: Buffer.from(key) }));
  const [active, lastReported] = (await Promise.all(keys)).map(({ entries }) => entries[0]?.modRevision);
  t.is(active, lastReported!);
  t.false(test.calls.includes('put'));
});

test('an interval of 0 is silence, until it is changed', async (t) => {
  const { test, heartbeat, beats } = await world(t);
  heartbeat.configure({ intervalMs: 0, ttlMs: 90_000 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.deepEqual(test.calls, []);
  heartbeat.configure({ intervalMs: 1, ttlMs: 90_000 });
  await until(() => beats() >= 2);
});

test('nothing is written while nothing may be, and a store that is away only makes it late', async (t) => {
  let mayWrite = false;
  const { test, heartbeat, beats } = await world(t, { mayWrite: () => mayWrite });
  heartbeat.configure({ intervalMs: 1, ttlMs: 90_000 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.deepEqual(test.calls, []);
  test.isAway = true;
  mayWrite = true;
  await until(() => test.calls.length >= 2);
  test.isAway = false;
  await until(() => beats() >= 1);
});
