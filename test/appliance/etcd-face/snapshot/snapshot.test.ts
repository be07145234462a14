/** From the embedded store to etcd: what etcdctl saves from the face, a real etcd serves again, at the same revisions. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Entry, Store } from '#appliance/datastore/store.ts';
import { planSnapshot } from '#appliance/etcd-face/snapshot/file.ts';
import { snapshotPieces } from '#appliance/etcd-face/snapshot/stream.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { startEtcd } from '#test/appliance/datastore/etcd/etcd-server.ts';
import { etcdctl, serveMemory } from '../face.ts';

const bytes = (text: string) => Buffer.from(text);
const all = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };

/** Values from none to several pages, keys on leases, a revision of several changes, the last of all a deletion. */
async function fill(store: Store, keys: number): Promise<void> {
  const leases: bigint[] = [];
  for (let i = 0; i < 60; i++) leases.push((await store.leaseGrant(3_600 + i)).id);
  for (let i = 0; i < keys; i++) {
    const value = Buffer.alloc(i % 97 === 0 ? 9_000 + i : (i * 31) % 500, i % 251);
    await store.put(bytes(`/k/${(i * 7_919) % keys}`), value, i % 10 === 0 ? { lease: leases[i % 60]! } : {});
  }
  for (let i = 0; i < keys; i += 3) await store.put(bytes(`/k/${i}`), bytes('again'));
  const several = ['/m/1', '/m/2'].map((key) => ({ type: 'put', key: bytes(key), value: bytes(key) }) as const);
  await store.txn({ compare: [], success: [...several, { type: 'delete', key: bytes('/k/5') }], failure: [] });
  await store.delete({ key: bytes('/k/6') });
}

const plain = ({ key, value, ...marks }: Entry) => ({ key: key.toString(), value: value.toString('hex'), ...marks });

test('etcd serves what etcdctl saved from the face and restored, at the same revisions', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'calico-test-snapshot-'));
  const [file, restored] = [join(directory, 'snapshot.db'), join(directory, 'restored')];
  await using served = await serveMemory({ listen: 'http://127.0.0.1:0' });
  await fill(served.store, 1_500);
  const ctl = (...args: string[]) => etcdctl(served.face.address.replace('http://', ''), ...args);
  t.is((await ctl('snapshot', 'save', file)).status, 0);
  const { current } = await served.store.revisions();
  const status = JSON.parse((await ctl('snapshot', 'status', file, '-w', 'json')).out);
  t.is(status.revision, current);
  const member = ['--name', 'test', '--initial-cluster', 'test=http://localhost:2380'];
  t.is((await ctl('snapshot', 'restore', file, '--data-dir', restored, ...member)).status, 0);

  await using etcd = await startEtcd({ flags: ['--data-dir', restored] });
  const migrated = openEtcdStore({ endpoints: [etcd.endpoint], log });
  const [theirs, ours] = await Promise.all([migrated, served.store].map((store) => store.range(all)));
  t.is(theirs!.revision, current);
  t.true(theirs!.count >= 1_500);
  t.deepEqual(theirs!.entries.map(plain), ours!.entries.map(plain));
  const leases = [...(await served.store.leases())].sort();
  t.deepEqual([...(await migrated.leases())].sort(), leases);
  for (const lease of leases) {
    const [there, here] = await Promise.all(
      [migrated, served.store].map((store) => store.leaseTimeToLive(lease, true)),
    );
    // etcd lists them in no order
    t.deepEqual(there!.keys.map(String).sort(), here!.keys.map(String).sort());
    t.is(there!.ttlSeconds, here!.ttlSeconds);
  }
  await t.throwsAsync(migrated.range({ ...all, revision: current - 1 }), { code: 'STORE_COMPACTED' });
  t.is((await migrated.put(bytes('/k/1'), bytes('on'))).revision, current + 1);
  await migrated.close();
  await rm(directory, { recursive: true });
});

for (const keys of [0, 1, 2, 40]) {
  test(`a snapshot of a store with ${keys} keys is a sound database`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'calico-test-snapshot-'));
    const file = join(directory, 'snapshot.db');
    await using served = await serveMemory({ listen: 'http://127.0.0.1:0' });
    for (let i = 0; i < keys; i++) await served.store.put(bytes(`/${i}`), Buffer.alloc(i * 100));
    const ctl = (...args: string[]) => etcdctl(served.face.address.replace('http://', ''), ...args);
    t.is((await ctl('snapshot', 'save', file)).status, 0);
    const content = await readFile(file);
    const digest = createHash('sha256').update(content.subarray(0, -32)).digest();
    t.deepEqual(content.subarray(-32), digest);
    const status = await ctl('snapshot', 'status', file, '-w', 'json');
    t.is(status.err, '');
    t.is(JSON.parse(status.out).totalKey, keys + 3);
    await rm(directory, { recursive: true });
  });
}

test('a snapshot is of one revision, whatever is written meanwhile, and says how much is to come', async (t) => {
  const store = await openMemoryStore();
  await fill(store, 200);
  const quiet = await gather(store, async () => undefined);
  let round = 0;
  const busy = await gather(store, async () => {
    for (let i = 0; i < 200; i++) await store.put(bytes(`/k/${i}`), bytes(`later ${round}`));
    await store.put(bytes(`/new/${round++}`), bytes('new'));
    for (const lease of await store.leases()) if (round === 1) await store.leaseRevoke(lease);
  });
  t.is(busy.compare(quiet), 0);
  await store.close();
});

test('a snapshot that compaction overtakes ends with an error, not with another revision', async (t) => {
  const store = await openMemoryStore();
  await fill(store, 300);
  const overtaken = gather(store, async () => {
    for (let i = 0; i < 300; i++) await store.put(bytes(`/k/${i}`), bytes('later'));
    await store.compact((await store.revisions()).current);
  });
  await t.throwsAsync(overtaken, { code: 'STORE_COMPACTED' });
  await store.close();
});

/** All pieces of a snapshot put together; `between` runs after its plan is made and after the first piece. */
async function gather(store: Store, between: () => Promise<void>): Promise<Buffer> {
  const file = await planSnapshot(store);
  await between();
  const pieces: Buffer[] = [];
  let remaining = file.bytes;
  for await (const { blob, remaining_bytes } of snapshotPieces(file)) {
    if (pieces.length === 1) await between();
    remaining = Math.max(0, remaining - blob.length);
    if (remaining !== remaining_bytes) throw new Error(`${remaining_bytes} bytes announced, ${remaining} left`);
    pieces.push(blob);
  }
  return Buffer.concat(pieces);
}
