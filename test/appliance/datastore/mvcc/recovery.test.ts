/** What happens when the disk fails: nobody is told a lie, readers go on, and memory agrees with the disk before the next write. */
import test from 'ava';
import { ManualStoreClock } from '#appliance/datastore/mvcc/clock.ts';
import { openMvccStore } from '#appliance/datastore/mvcc/store.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import { readEvents } from '../../../contract/store/scope.ts';
import { type Fault, FaultySource } from './faulty-source.ts';

const everything = { key: Buffer.from([1]), rangeEnd: Buffer.from([0]) };

for (const fault of ['lost', 'kept'] satisfies Fault[]) {
  test(`a failed batch whose content is ${fault} is an error for all who wait, and the next write is right`, async (t) => {
    const { store, source } = await open();
    await put(store, 'a', '1');
    const watch = await store.watch({ ...everything, startRevision: 2 });
    await readEvents(t, watch, 1, true);
    source.faults.push(fault);
    const results = await Promise.allSettled(['b', 'c', 'd'].map((key) => put(store, key, '1')));
    t.true(results.every((result) => result.status === 'rejected' && hasCode(result.reason, 'STORE_UNAVAILABLE')));
    await untilWritable(store);
    t.is(source.opened, 2);
    const survivors = fault === 'kept' ? ['a', 'b', 'c', 'd'] : ['a'];
    const { entries } = await store.range({ ...everything, keysOnly: true });
    t.deepEqual(
      entries.map((entry) => entry.key.toString()).filter((key) => key !== 'probe'),
      survivors,
    );
    const events = await readEvents(t, watch, survivors.length);
    t.deepEqual(
      events.map(({ entry }) => entry.modRevision),
      survivors.map((_, i) => i + 3),
    );
    await store.close();
  });
}

test('reads go on while the disk is full, writes are refused, and both work once there is room', async (t) => {
  const { store, source, clock } = await open();
  await put(store, 'a', '1');
  source.faults.push('lost');
  source.probesFailing = 3;
  await t.throwsAsync(() => put(store, 'a', '2'), { code: 'STORE_UNAVAILABLE' });
  t.deepEqual((await store.status()).alarms, ['NOSPACE']);
  for (let i = 0; i < 3; i++) {
    await t.throwsAsync(() => put(store, 'a', '3'), { code: 'STORE_UNAVAILABLE' });
    t.is((await store.range({ key: Buffer.from('a') })).entries[0]?.value.toString(), '1');
    t.is(source.opened, 1);
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
  }
  await untilWritable(store);
  t.is(source.opened, 2);
  t.deepEqual((await store.status()).alarms, []);
  await store.close();
});

test('close() does not wait for a disk that stays full', async (t) => {
  const { store, source } = await open();
  source.faults.push('lost');
  source.probesFailing = 1000;
  await t.throwsAsync(() => put(store, 'a', '2'), { code: 'STORE_UNAVAILABLE' });
  await store.close();
  await t.throwsAsync(() => put(store, 'a', '2'), { code: 'STORE_CLOSED' });
});

test('leases survive a failed batch and run out in time', async (t) => {
  const { store, source, clock } = await open();
  const { id } = await store.leaseGrant(10);
  await store.put(Buffer.from('a'), Buffer.from('1'), { lease: id });
  source.faults.push('lost');
  await t.throwsAsync(() => put(store, 'b', '1'), { code: 'STORE_UNAVAILABLE' });
  await untilWritable(store);
  clock.advance(11_000);
  await put(store, 'c', '1');
  t.is((await store.range({ key: Buffer.from('a') })).count, 0);
  await store.close();
});

async function open() {
  const source = new FaultySource();
  const clock = new ManualStoreClock();
  const store = await openMvccStore(source, { clock, retention: false });
  return { store, source, clock };
}

async function put(store: Store, key: string, value: string): Promise<void> {
  await store.put(Buffer.from(key), Buffer.from(value));
}

async function untilWritable(store: Store): Promise<void> {
  for (let i = 0; i < 100; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    const isWritable = await put(store, 'probe', '1').then(
      () => true,
      () => false,
    );
    if (isWritable) return;
  }
  throw new Error('the store takes no writes');
}
