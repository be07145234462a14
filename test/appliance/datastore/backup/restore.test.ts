/** What a restore changes, what it refuses, and what a crash in the middle of it leaves. */
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { verifyBackup } from '#appliance/datastore/backup/read.ts';
import { restoreIntoDirectory } from '#appliance/datastore/backup/restore-directory.ts';
import { unfinishedKey } from '#appliance/datastore/backup/unfinished.ts';
import { ensureInitialized } from '#appliance/datastore/effects/ensure-initialized.ts';
import { followStore } from '#appliance/datastore/follow.ts';
import { openLevelStore } from '#appliance/datastore/level/open.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import { createResources } from '#appliance/datastore/resources.ts';
import type { Entry, Store, TxnRequest } from '#appliance/datastore/store.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { temporaryDirectory } from '../level/directory.ts';
import { backupBytes, restoreBytes, withFile } from './backup-file.ts';

const everything = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };
const informationKey = Buffer.from('/calico/resources/v3/projectcalico.org/clusterinformations/default');
const guid = '5f0e7a9b3c1d4e2f8a6b7c9d0e1f2a3b';

test('restoreBackup() fills a store that holds no more than every store does from the start', async (t) => {
  const [from, to] = [await filledStore(700), await initialisedStore('0'.repeat(32))];
  await inDirectory(async (path) => {
    const result = await restoreBytes(path, await backupBytes(from), to);
    t.like(result, { deletes: 0, isLocked: false });
    t.deepEqual(await contentOf(to), await contentOf(from));
    const { id } = await to.leaseTimeToLive((await from.leases())[0]!);
    t.deepEqual(await to.leases(), [id]);
  });
});

test('restoreBackup() refuses a store with anything else in it, and replaces all of it on request', async (t) => {
  const [from, to] = [await filledStore(300), await filledStore(200)];
  await to.put(Buffer.from('/other'), Buffer.from('not in the backup'));
  await from.put(Buffer.from('/key/00007'), Buffer.from('another value'));
  await inDirectory(async (path) => {
    const bytes = await backupBytes(from);
    const before = await contentOf(to);
    await refuses(t, restoreBytes(path, bytes, to), 'RESTORE_NOT_EMPTY');
    const planned = await restoreBytes(path, bytes, to, { replace: true, isDryRun: true });
    t.deepEqual(await contentOf(to), before);
    const { revision } = await to.range(everything);
    const result = await restoreBytes(path, bytes, to, { replace: true });
    t.deepEqual(await contentOf(to), await contentOf(from));
    t.deepEqual([result.puts, result.deletes], [planned.puts, planned.deletes]);
    t.deepEqual([result.deletes, result.revisionBefore], [1, revision]);
    const untouched = (await to.range({ key: Buffer.from('/key/00008') })).entries[0]!;
    t.true(untouched.modRevision <= revision, 'what was as in the backup is not written again');
  });
});

test('restoreBackup() changes nothing outside of the prefix of the backup, and gives the lock back as it was', async (t) => {
  const [from, to] = [await filledStore(20), await initialisedStore(guid)];
  await to.put(Buffer.from('/zzz'), Buffer.from('stays'));
  await inDirectory(async (path) => {
    await restoreBytes(path, await backupBytes(from, '/key/'), to);
    t.is((await to.range({ key: Buffer.from('/zzz') })).count, 1);
    t.is((await to.range({ key: Buffer.from('/key/'), rangeEnd: Buffer.from('/key0'), countOnly: true })).count, 20);
    t.is(await readyOf(to), true);
    t.is((await to.range({ key: unfinishedKey })).count, 0);
  });
});

test('restoreBackup() leaves a lock and a mark when it is cut off, and a repeat finishes the work', async (t) => {
  const [from, to] = [await filledStore(900), await initialisedStore('1'.repeat(32))];
  const other = await filledStore(10);
  await inDirectory(async (path) => {
    const [bytes, otherBytes] = [await backupBytes(from), await backupBytes(other)];
    for (const transactions of [1, 3, 7]) {
      await t.throwsAsync(restoreBytes(path, bytes, failingAfter(to, transactions)), { message: 'cut off' });
      t.is(await readyOf(to), false, 'agents hold still');
      await refuses(t, restoreBytes(path, otherBytes, to), 'RESTORE_UNFINISHED');
      await refuses(t, backupBytes(to), 'RESTORE_UNFINISHED');
    }
    await restoreBytes(path, bytes, to);
    t.deepEqual(await contentOf(to), await contentOf(from));
    await backupBytes(to);
  });
});

test('restoreBackup() of a prefix unlocks at last what it has locked, also when it was cut off, and nothing else', async (t) => {
  await inDirectory(async (path) => {
    for (const wasReady of [true, false]) {
      const [from, to] = [await filledStore(300), await initialisedStore(guid)];
      if (!wasReady) {
        const { value } = (await to.range({ key: informationKey })).entries[0]!;
        await to.put(
          informationKey,
          Buffer.from(value.toString().replace('"datastoreReady":true', '"datastoreReady":false')),
        );
      }
      const bytes = await backupBytes(from, '/key/');
      await t.throwsAsync(restoreBytes(path, bytes, failingAfter(to, 2)), { message: 'cut off' });
      t.is(await readyOf(to), false);
      const { isLocked } = await restoreBytes(path, bytes, to);
      t.deepEqual([await readyOf(to), isLocked], [wasReady, !wasReady]);
    }
  });
});

test('restoreBackup() gives up when others write to the store all the time', async (t) => {
  const [from, to] = [await filledStore(50), await initialisedStore(guid)];
  let i = 0;
  const disturbed = changed(to, async (request) => {
    const answer = await to.txn(request);
    await to.put(Buffer.from('/key/00001'), Buffer.from(`disturbed ${i++}`));
    return answer;
  });
  await inDirectory(async (path) => {
    await refuses(t, restoreBytes(path, await backupBytes(from), disturbed), 'RESTORE_DISTURBED');
  });
});

test('restoreIntoDirectory() puts a new database in the place of a damaged one and keeps that', async (t) => {
  const from = await filledStore(300);
  await inDirectory(async (path) => {
    const bytes = await backupBytes(from);
    const directory = join(path, 'data', 'store');
    await mkdir(directory, { recursive: true, mode: 0o750 });
    await writeFile(join(directory, 'MANIFEST-000002'), 'damaged');
    const result = await restoreTo(path, bytes, directory);
    t.true((await readdir(result.replaced!)).includes('MANIFEST-000002'));
    const store = await openLevelStore(directory);
    t.deepEqual(await contentOf(store), await contentOf(from));
    const { current, compacted } = await store.revisions();
    t.true(compacted > 10 ** 14 && current > compacted && Number.isSafeInteger(current * 10), String(compacted));
    await refuses(t, restoreTo(path, bytes, directory), 'STORE_IN_USE');
    await store.close();
    await refuses(t, restoreTo(path, bytes, directory), 'RESTORE_NOT_EMPTY');
    await restoreTo(path, bytes, directory, { replace: true });
    const again = await openLevelStore(directory);
    t.true((await again.revisions()).compacted > current, 'revisions never go back');
    await again.close();
  });
});

test('those who follow a store are told of all that a restore into its directory has changed', async (t) => {
  await inDirectory(async (path) => {
    const directory = join(path, 'store');
    const prefixes = ['/key/'];
    const put = (to: Store, name: string, value: string) => to.put(Buffer.from(`/key/${name}`), Buffer.from(value));
    let store = await openLevelStore(directory);
    for (const name of ['a', 'b', 'c']) await put(store, name, 'old');
    const bytes = await backupBytes(store);
    const told = new Map<string, string | undefined>();
    const sink = {
      onStatus() {},
      onUpdates(updates: readonly { key: string; value?: Buffer | undefined }[]) {
        for (const { key, value } of updates) told.set(key, value?.toString());
      },
    };
    const follower = followStore({ store: () => store, prefixes, sink, log: silentLogger, backoffMinMs: 5 });
    await put(store, 'a', 'after the backup');
    await put(store, 'd', 'after the backup');
    while (told.get('/key/d') === undefined) await sleep(5);
    await store.close();
    await restoreTo(path, bytes, directory, { replace: true });
    store = await openLevelStore(directory);
    await put(store, 'e', 'after the restore');
    while (told.get('/key/e') === undefined || told.get('/key/d') !== undefined) await sleep(5);
    t.deepEqual(Object.fromEntries(told), {
      '/key/a': 'old',
      '/key/b': 'old',
      '/key/c': 'old',
      '/key/d': undefined,
      '/key/e': 'after the restore',
    });
    await follower.close();
    await store.close();
  });
});

test('a restore that was cut off between its last steps is not taken for a new store', async (t) => {
  const from = await filledStore(10);
  await inDirectory(async (path) => {
    const directory = join(path, 'store');
    await restoreTo(path, await backupBytes(from), directory);
    await rename(directory, `${directory}.restoring`);
    await refuses(t, openLevelStore(directory), 'STORE_CORRUPT');
    t.false((await readdir(path)).includes('store'));
    await restoreTo(path, await backupBytes(from), directory);
    const store = await openLevelStore(directory);
    t.deepEqual(await contentOf(store), await contentOf(from));
    await store.close();
    t.deepEqual((await readdir(path)).sort(), ['store', 'test.backup']);
  });
});

if (process.getuid?.() === 0) {
  test('restoreIntoDirectory() leaves files that the owner of the folder can open', async (t) => {
    const from = await filledStore(10);
    await inDirectory(async (path) => {
      const { chown } = await import('node:fs/promises');
      const directory = join(path, 'data', 'store');
      await mkdir(join(path, 'data'));
      await chown(join(path, 'data'), 12345, 12345);
      await restoreTo(path, await backupBytes(from), directory);
      for (const name of ['', ...(await readdir(directory))])
        t.is((await stat(join(directory, name))).uid, 12345, name);
      t.is((await stat(directory)).mode & 0o777, 0o700);
      await rm(directory, { recursive: true });
    });
  });
}

function restoreTo(path: string, bytes: Buffer, directory: string, options: { replace?: boolean } = {}) {
  const now = () => new Date();
  return withFile(path, bytes, async (file) => {
    const backup = await verifyBackup(file);
    return restoreIntoDirectory({ replace: false, ...options, directory, file, backup, log: silentLogger, now });
  });
}

/** A store as a server leaves it at its first start. */
async function initialisedStore(clusterGuid: string): Promise<Store> {
  const store = await openMemoryStore();
  let made = 0;
  const resources = createResources(store, { now: () => new Date(), uuid: () => `${clusterGuid}-${made++}` });
  await ensureInitialized(resources, clusterGuid);
  return store;
}

async function filledStore(keys: number): Promise<Store> {
  const store = await initialisedStore(guid);
  const { id } = await store.leaseGrant(3600);
  await store.put(Buffer.from('/leased'), Buffer.from('1'), { lease: id });
  const names = Array.from({ length: keys }, (_, i) => String(i).padStart(5, '0'));
  for (const name of names) await store.put(Buffer.from(`/key/${name}`), Buffer.from(`value of ${name}`));
  return store;
}

/** Keys, values and leases: all that a restore gives back. */
async function contentOf(store: Store): Promise<[string, string, bigint][]> {
  const { entries } = await store.range(everything);
  return entries.map(({ key, value, lease }: Entry) => [key.toString(), value.toString(), lease]);
}

async function readyOf(store: Store): Promise<unknown> {
  const { entries } = await store.range({ key: informationKey });
  return (JSON.parse(entries[0]!.value.toString()) as { spec: { datastoreReady: unknown } }).spec.datastoreReady;
}

/** The store as a process finds it that is killed after so many transactions. */
function failingAfter(store: Store, transactions: number): Store {
  let left = transactions;
  return changed(store, async (request) => {
    if (left-- <= 0) throw new Error('cut off');
    return store.txn(request);
  });
}

function changed(store: Store, txn: (request: TxnRequest) => ReturnType<Store['txn']>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'txn') return txn;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function refuses(t: ExecutionContext, work: Promise<unknown>, code: string): Promise<void> {
  const error = await work.then(
    () => new Error('it was accepted'),
    (caught: unknown) => caught,
  );
  t.true(hasCode(error, code), String(error));
}

async function inDirectory(run: (path: string) => Promise<void>): Promise<void> {
  const directory = await temporaryDirectory();
  try {
    await run(directory.path);
  } finally {
    await directory.remove();
  }
}
