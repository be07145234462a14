import test, { type ExecutionContext } from 'ava';
import { storeErrors } from '#appliance/datastore/errors.ts';
import { createStatusWriter, type StatusWriterOptions } from '#appliance/felix/status/status-writer.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { openTestStore, type TestStore, until } from './test-store.ts';

async function world(t: ExecutionContext, options: Partial<StatusWriterOptions> = {}) {
  const test = await openTestStore();
  const writer = createStatusWriter({
    store: test.store,
    delayMs: () => 1,
    retryMs: 1,
    mayWrite: () => true,
    log: silentLogger,
    ...options,
  });
  t.teardown(() => writer.close());
  return { test, writer };
}

const puts = ({ calls }: TestStore) => calls.filter((call) => call === 'put').length;

test('set() writes and deletes, once per round and key', async (t) => {
  const { test, writer } = await world(t, { delayMs: () => 20 });
  writer.set('/a', '0');
  await until(async () => (await test.read('/a')) === '0');
  for (let i = 1; i <= 100; i++) writer.set('/a', String(i));
  writer.set('/b', 'x');
  await until(async () => (await test.read('/b')) === 'x');
  t.is(await test.read('/a'), '100');
  t.is(puts(test), 3);
  writer.set('/a', undefined);
  await until(async () => (await test.read('/a')) === undefined);
});

test('set() writes nothing that is there already, nor deletes what never was', async (t) => {
  const { test, writer } = await world(t);
  writer.set('/a', undefined);
  writer.set('/b', 'x');
  await until(async () => (await test.read('/b')) === 'x');
  await until(() => puts(test) === 1);
  writer.set('/b', 'x');
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.deepEqual(test.calls, ['put']);
});

test('sweep() deletes what nobody set, repairs what differs or is missing, and touches nothing beside', async (t) => {
  const { test, writer } = await world(t);
  writer.set('/own/good', '1');
  writer.set('/own/gone', '1');
  await until(() => puts(test) === 2);
  await test.store.delete({ key: Buffer.from('/own/gone') });
  for (const [key, value] of Object.entries({ '/own/good': 'bent', '/own/stale': '1', '/other/x': '1' }))
    await test.store.put(Buffer.from(key), Buffer.from(value));
  writer.sweep(['/own/']);
  await until(async () => (await test.keys()).length === 3 && (await test.read('/own/good')) === '1');
  t.deepEqual(await test.keys(), ['/other/x', '/own/gone', '/own/good']);
});

test('what could not be written while the store was away is written afterwards, in its last form', async (t) => {
  const { test, writer } = await world(t);
  test.isAway = true;
  writer.set('/own/a', '1');
  await until(() => puts(test) >= 3);
  writer.sweep(['/own/']);
  writer.set('/own/a', '2');
  await test.store.put(Buffer.from('/own/a'), Buffer.from('x')).catch(() => undefined);
  test.isAway = false;
  await until(async () => (await test.read('/own/a')) === '2');
  t.pass();
});

test('nothing is written while nothing may be', async (t) => {
  let mayWrite = false;
  const { test, writer } = await world(t, { mayWrite: () => mayWrite });
  writer.set('/a', '1');
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.deepEqual(test.calls, []);
  mayWrite = true;
  await until(async () => (await test.read('/a')) === '1');
});

test('a key the store will never take does not hold up the others', async (t) => {
  const { store } = await openTestStore();
  const put: typeof store.put = async (key, value, options) => {
    if (key.toString() === '/bad') throw storeErrors.fail('STORE_TOO_LARGE');
    return store.put(key, value, options);
  };
  const { writer } = await world(t, { store: { ...storeMethods(store), put } });
  writer.set('/bad', '1');
  writer.set('/good', '1');
  await until(async () => (await store.range({ key: Buffer.from('/good') })).entries.length === 1);
  t.pass();
});

function storeMethods(store: TestStore['store']): TestStore['store'] {
  const { supports, range, txn, put, delete: remove, watch, compact, revisions, close } = store;
  const { leaseGrant, leaseRevoke, leaseKeepAlive, leaseTimeToLive, leases } = store;
  const { status, defragment } = store;
  const rest = { status, defragment, leaseGrant, leaseRevoke, leaseKeepAlive, leaseTimeToLive, leases };
  return { supports, range, txn, put, delete: remove, watch, compact, revisions, close, ...rest };
}

test('close() ends even while the store is away', async (t) => {
  const { test, writer } = await world(t, { retryMs: 60_000 });
  test.isAway = true;
  writer.set('/a', '1');
  await until(() => test.calls.length > 0);
  await writer.close();
  t.pass();
});
