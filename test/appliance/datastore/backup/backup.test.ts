/** What a backup holds, and that every other file is told apart from one. */
import test from 'ava';
import fc from 'fast-check';
import { openLevelStore } from '#appliance/datastore/level/open.ts';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Entry, Store } from '#appliance/datastore/store.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import { StoreModel, select } from '../../../contract/store/model.ts';
import { temporaryDirectory } from '../level/directory.ts';
import { backupBytes, readBytes } from './backup-file.ts';

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const everything = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };

test('writeBackup() holds every key with its marks and its lease, whatever bytes it is made of', async (t) => {
  const store = await openMemoryStore();
  const { id } = await store.leaseGrant(600);
  await store.put(Buffer.from('/calico/a'), Buffer.from('{"text":"ä\\n\u2028"}'));
  await store.put(Buffer.from('/calico/a'), Buffer.from('\ufeffwith a byte order mark'));
  await store.put(Buffer.from([0x2f, 0xff, 0x00, 0xfe]), Buffer.from([0x80, 0x0a, 0x00]));
  await store.put(Buffer.from('/leased'), Buffer.alloc(0), { lease: id });
  await inDirectory(async (path) => {
    const [backup, records] = await readBytes(path, await backupBytes(store));
    const { revision, entries } = await store.range(everything);
    t.like(backup.header, { revision, keys: 3, prefix: '', clusterGuid: '', createdAt: '2026-08-01T09:30:00.000Z' });
    t.deepEqual(
      records.flatMap((record) => (record.type === 'entry' ? [record.entry] : [])),
      [...entries],
    );
    t.deepEqual(
      records.filter(({ type }) => type === 'lease'),
      [{ type: 'lease', id, ttlSeconds: 600 }],
    );
  });
  await store.close();
});

test('writeBackup() takes the keys of a prefix alone when one is given', async (t) => {
  const store = await openMemoryStore();
  for (const key of ['/a/1', '/b/1', '/b/2', '/c/1']) await store.put(Buffer.from(key), Buffer.from(key));
  await inDirectory(async (path) => {
    const [backup, records] = await readBytes(path, await backupBytes(store, '/b/'));
    t.is(backup.header.prefix, '/b/');
    t.deepEqual(keysOf(records), ['/b/1', '/b/2']);
  });
  await store.close();
});

test('writeBackup() is what the store was at its revision while eight writers go on', async (t) => {
  const directory = await temporaryDirectory();
  const store = await openLevelStore(directory.path, { retention: false });
  const model = new StoreModel(1);
  const first = Array.from(
    { length: 2000 },
    (_, i) => ({ type: 'put', key: keyName(i), value: `first ${i}` }) as const,
  );
  for (let i = 0; i < first.length; i += 100) await write(store, model, first.slice(i, i + 100));
  let isRunning = true;
  let written = 0;
  const applied: { revision: number; writes: Parameters<StoreModel['write']>[0] }[] = [];
  const writer = async (name: number) => {
    for (let i = name; isRunning; i += 8) {
      const writes = writesOf(name, i);
      const { revision } = await store.txn({ compare: [], success: writes.map(opOf), failure: [] });
      applied.push({ revision, writes });
      written++;
    }
  };
  const writers = Array.from({ length: 8 }, (_, name) => writer(name));
  await inDirectory(async (path) => {
    for (let round = 0; round < 3; round++) {
      const bytes = await backupBytes(store, '', async () => {
        for (const before = written; written < before + 16; ) await new Promise((resolve) => setTimeout(resolve, 1));
      });
      const [backup, records] = await readBytes(path, bytes);
      await settled(applied, backup.header.revision);
      t.deepEqual(entriesOf(records), stateAt(model, applied, backup.header.revision), `round ${round}`);
    }
  });
  isRunning = false;
  await Promise.all(writers);
  await store.close();
  await directory.remove();
});

test('writeBackup() says when history it reads is forgotten, instead of mixing revisions', async (t) => {
  const store = await openMemoryStore({ retention: false });
  for (let i = 0; i < 2000; i++) await store.put(Buffer.from(keyName(i)), Buffer.alloc(3000));
  let pieces = 0;
  const write = async () => {
    if (pieces++ === 2) {
      for (let i = 0; i < 3; i++) await store.put(Buffer.from(keyName(1999)), Buffer.from('later'));
      await store.compact((await store.revisions()).current);
    }
  };
  const { writeBackup } = await import('#appliance/datastore/backup/write.ts');
  const error = await t.throwsAsync(writeBackup({ store, prefix: '', now: () => new Date(), write }));
  t.true(hasCode(error, 'BACKUP_OVERTAKEN'), String(error));
  await store.close();
});

test(`verifyBackup() accepts nothing but a whole backup (seed ${seed})`, async (t) => {
  const store = await openMemoryStore();
  for (let i = 0; i < 20; i++) await store.put(Buffer.from(keyName(i)), Buffer.from(`value ${i}`));
  const bytes = await backupBytes(store);
  const all = ['BACKUP_FOREIGN', 'BACKUP_NEWER', 'BACKUP_TRUNCATED', 'BACKUP_DAMAGED', 'BACKUP_TRAILING'];
  await inDirectory(async (path) => {
    const refuses = async (file: Buffer, codes: string[], what: string) => {
      const error = await readBytes(path, file).then(
        () => new Error('it was accepted'),
        (caught: Error) => caught,
      );
      if (!codes.some((code) => hasCode(error, code))) throw new Error(`${what}: ${error}`);
    };
    const lineEnds = [...bytes.keys()].filter((at) => bytes[at] === 0x0a);
    const cut = async (length: number) => {
      const codes = length <= lineEnds[0]! ? ['BACKUP_FOREIGN', 'BACKUP_TRUNCATED'] : ['BACKUP_TRUNCATED'];
      await refuses(bytes.subarray(0, length), codes, `cut at ${length}`);
    };
    for (const end of lineEnds) await cut(end);
    for (const end of lineEnds.slice(0, -1)) await cut(end + 1);
    await fc.assert(fc.asyncProperty(fc.nat(bytes.length - 1), cut), { seed, numRuns: 100 });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= change;
        await refuses(damaged, all, `byte ${at} changed by ${change}`);
      }),
      { seed, numRuns: 200 },
    );
    await refuses(Buffer.concat([bytes, bytes]), ['BACKUP_TRAILING'], 'twice the same');
    await refuses(Buffer.concat([bytes, Buffer.from('x')]), ['BACKUP_TRAILING'], 'a byte more');
    await refuses(Buffer.from('PK\x03\x04'), ['BACKUP_FOREIGN'], 'a zip file');
    await refuses(Buffer.alloc(300_000), ['BACKUP_FOREIGN'], 'zeros');
    const later = bytes.toString().replace('"version":1', '"version":2');
    await refuses(Buffer.from(later), ['BACKUP_NEWER'], 'a later version');
    const lines = bytes.toString().split('\n');
    const without = [...lines.slice(0, 5), ...lines.slice(6)].join('\n');
    await refuses(Buffer.from(without), ['BACKUP_DAMAGED'], 'a line is missing');
  });
  await store.close();
  t.pass();
});

type Records = Awaited<ReturnType<typeof readBytes>>[1];

function entriesOf(records: Records): [string, Omit<Entry, 'key' | 'lease' | 'value'> & { value: string }][] {
  return records.flatMap((record) => {
    if (record.type !== 'entry') return [];
    const { key, value, createRevision, modRevision, version } = record.entry;
    return [[key.toString(), { value: value.toString(), createRevision, modRevision, version }]];
  });
}

function keysOf(records: Records): string[] {
  return entriesOf(records).map(([key]) => key);
}

type Applied = { revision: number; writes: Parameters<StoreModel['write']>[0] }[];

/** The model after what was written up to `revision`. */
function stateAt(model: StoreModel, applied: Applied, revision: number) {
  const known = applied.filter((one) => one.revision > model.revision).sort((a, b) => a.revision - b.revision);
  for (const { writes, revision: at } of known) {
    if (at > revision) break;
    model.write(writes);
  }
  return select(model.at(revision), '', '\uffff');
}

/** Waits until the writers have been told of everything up to `revision`. */
async function settled(applied: Applied, revision: number): Promise<void> {
  while (!applied.some((one) => one.revision > revision + 20)) await new Promise((resolve) => setTimeout(resolve, 1));
}

async function write(store: Store, model: StoreModel, writes: Parameters<StoreModel['write']>[0]): Promise<void> {
  await store.txn({ compare: [], success: writes.map(opOf), failure: [] });
  model.write(writes);
}

/** Each writer has keys of its own and changes, deletes and makes them by turns; a transaction always changes something. */
function writesOf(name: number, i: number): Parameters<StoreModel['write']>[0] {
  const key = keyName((i * 7919) % 2000);
  const own = `own/${name}`;
  const shared =
    i % 5 === 0 ? ({ type: 'delete', key } as const) : ({ type: 'put', key, value: `${name}:${i}` } as const);
  return [shared, { type: 'put', key: own, value: String(i) }];
}

function opOf(one: { type: 'put' | 'delete'; key: string; value?: string }) {
  const key = Buffer.from(one.key);
  return one.type === 'put'
    ? ({ type: 'put', key, value: Buffer.from(one.value ?? '') } as const)
    : ({ type: 'delete', key } as const);
}

function keyName(i: number): string {
  return `key/${String(i).padStart(5, '0')}`;
}

async function inDirectory(run: (path: string) => Promise<void>): Promise<void> {
  const directory = await temporaryDirectory();
  try {
    await run(directory.path);
  } finally {
    await directory.remove();
  }
}
