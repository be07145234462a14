import test from 'ava';
import { storeErrors } from '#appliance/datastore/errors.ts';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import type { PutOp, Store } from '#appliance/datastore/store.ts';
import { refusalOf, refusals } from '#appliance/etcd-face/status.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { serveMemory } from './face.ts';

const bytes = (text: string) => Buffer.from(text);
const put = (i: number): PutOp => ({ type: 'put', key: bytes(`/${i}`), value: bytes('x') });

test('a transaction has at most as many operations as etcd takes', async (t) => {
  await using served = await serveMemory({ opsMax: 3 });
  const store = openEtcdStore({ endpoints: [served.face.address], log });
  await store.txn({ compare: [], success: [put(1), put(2), put(3)], failure: [] });
  const many = store.txn({ compare: [], success: [put(1), put(2), put(3), put(4)], failure: [] });
  await t.throwsAsync(many, { code: 'STORE_TOO_LARGE', message: /4 operations/ });
  await store.close();
});

test('a request larger than the limit is refused without being looked at', async (t) => {
  await using served = await serveMemory({ requestBytesMax: 1_000 });
  const store = openEtcdStore({ endpoints: [served.face.address], log });
  await store.put(bytes('/a'), Buffer.alloc(900));
  await t.throwsAsync(store.put(bytes('/a'), Buffer.alloc(1_000)), { code: 'STORE_TOO_LARGE' });
  t.is((await served.store.range({ key: bytes('/a') })).entries[0]?.version, 1);
  await store.close();
});

test('a fault of ours is told as INTERNAL, without its text', async (t) => {
  await using served = await serveMemory();
  const broken = Object.assign(Object.create(served.store), {
    txn: () => Promise.reject(new Error('secret')),
    close: () => Promise.resolve(),
  }) as Store;
  await using other = await serveMemory({ store: broken });
  const store = openEtcdStore({ endpoints: [other.face.address], log });
  const error = await t.throwsAsync(store.put(bytes('/a'), bytes('1')));
  t.regex(error?.message ?? '', /13 INTERNAL: etcdserver: internal error/);
  await store.close();
});

test('every error of a store that a client can meet has a refusal', (t) => {
  const unmet = ['STORE_WATCH_OVERFLOW', 'STORE_IN_USE', 'STORE_NEWER'];
  const codes = Object.keys(storeErrors.rows) as (keyof typeof storeErrors.rows)[];
  for (const code of codes.filter((one) => !unmet.includes(one))) {
    t.truthy(refusalOf(storeErrors.fail(code)), code);
  }
  t.is(refusalOf(new Error('x')), undefined);
  t.is(refusals.compacted.code, 11);
});
