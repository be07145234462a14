/** What `openLevelStore()` refuses, and that it leaves what it refuses as it was. */
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ClassicLevel } from 'classic-level';
import { openLevelStore } from '#appliance/datastore/level/open.ts';
import { currentKey, historyKey, logKey, markKey } from '#appliance/datastore/mvcc/keys.ts';
import { encodeNumber } from '#appliance/datastore/mvcc/records.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import { temporaryDirectory } from './directory.ts';

test('openLevelStore() makes the directory, for its owner alone', async (t) => {
  await inDirectory(async (path) => {
    const store = await openLevelStore(join(path, 'a', 'b'));
    await store.close();
    t.is((await stat(join(path, 'a', 'b'))).mode & 0o777, 0o700);
  });
});

test('openLevelStore() refuses a directory that is open already', async (t) => {
  await inDirectory(async (path) => {
    const store = await openLevelStore(path);
    await refuses(t, path, 'STORE_IN_USE', path);
    await store.put(Buffer.from('a'), Buffer.from('1'));
    await store.close();
    await (await openLevelStore(path)).close();
  });
});

test('openLevelStore() says when a directory cannot be used at all', async (t) => {
  await inDirectory(async (path) => {
    await writeFile(join(path, 'file'), '');
    await refuses(t, join(path, 'file'), 'STORE_UNAVAILABLE', 'file');
  });
});

const damages: [string, (path: string) => Promise<void>, string][] = [
  ['CURRENT is missing', (path) => rm(join(path, 'CURRENT')), 'CURRENT'],
  ['a table is missing', removeTable, 'missing'],
  ['a table is overwritten', overwriteTable, ''],
  [
    'a revision is missing from the log',
    (path) => edit(path, { type: 'del', key: logKey(4) }),
    'revision 4 is missing',
  ],
  ['a key has lost its value', (path) => edit(path, { type: 'del', key: currentKey('a') }), '"a"'],
  ['a key was deleted but is there', restoreDeleted, '"gone"'],
  ['a record is not what was written', flipBit, '"a"'],
  ['the format is one that never was', (path) => edit(path, mark(0)), 'format 0'],
  ['the format mark is missing', (path) => edit(path, { type: 'del', key: markKey('format') }), 'format mark'],
];

for (const [title, damage, message] of damages) {
  test(`openLevelStore() refuses a database when ${title}, again and again`, async (t) => {
    await inDirectory(async (path) => {
      await fill(path);
      await damage(path);
      await refuses(t, path, 'STORE_CORRUPT', message);
      await refuses(t, path, 'STORE_CORRUPT', message);
    });
  });
}

test('openLevelStore() refuses a database of a later version and leaves it alone', async (t) => {
  await inDirectory(async (path) => {
    await fill(path);
    await edit(path, mark(2));
    await refuses(t, path, 'STORE_NEWER', 'format 2');
    await edit(path, mark(1));
    const store = await openLevelStore(path);
    t.is((await store.range({ key: Buffer.from('a') })).count, 1);
    await store.close();
  });
});

test('range() refuses a damaged state of the past and goes on with the rest', async (t) => {
  await inDirectory(async (path) => {
    await fill(path);
    await edit(path, { type: 'put', key: historyKey('a', 2), value: Buffer.alloc(50) });
    const store = await openLevelStore(path, { retention: false });
    const error = await store.range({ key: Buffer.from('a'), revision: 3 }).catch((caught) => caught);
    t.true(hasCode(error, 'STORE_CORRUPT'), String(error));
    t.is((await store.range({ key: Buffer.from('a') })).count, 1);
    await store.close();
  });
});

/** Revisions 2 to 6: `a` twice, `b`, `gone` and its deletion; in tables rather than in the log. */
async function fill(path: string): Promise<void> {
  const store = await openLevelStore(path, { retention: false });
  for (const key of ['a', 'b', 'gone', 'a']) await store.put(Buffer.from(key), Buffer.from(`value of ${key}`));
  await store.delete({ key: Buffer.from('gone') });
  await store.close();
  await edit(path);
}

type Edit = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer };

/** Changes the database behind the store's back. */
async function edit(path: string, ...edits: Edit[]): Promise<void> {
  const database = new ClassicLevel<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await database.open();
  await database.batch(edits);
  await database.compactRange(Buffer.alloc(0), Buffer.from([0xff]));
  await database.close();
}

function mark(format: number): Edit {
  const key = markKey('format');
  return { type: 'put', key, value: encodeNumber(key, format) };
}

async function flipBit(path: string): Promise<void> {
  const database = new ClassicLevel<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await database.open();
  const record = (await database.get(currentKey('a')))!;
  record[record.length - 1]! ^= 1;
  await database.close();
  await edit(path, { type: 'put', key: currentKey('a'), value: record });
}

async function restoreDeleted(path: string): Promise<void> {
  const database = new ClassicLevel<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await database.open();
  const value = (await database.get(historyKey('gone', 4)))!;
  await database.close();
  await edit(path, { type: 'put', key: currentKey('gone'), value });
}

async function removeTable(path: string): Promise<void> {
  await rm(join(path, await tableName(path)));
}

async function overwriteTable(path: string): Promise<void> {
  const name = join(path, await tableName(path));
  const bytes = await readFile(name);
  await writeFile(name, Buffer.alloc(bytes.length, 0xa5));
}

async function tableName(path: string): Promise<string> {
  return (await readdir(path)).find((name) => name.endsWith('.ldb'))!;
}

async function refuses(t: ExecutionContext, path: string, code: string, message: string): Promise<void> {
  const error = await openLevelStore(path).then(
    async (store) => {
      await store.close();
      return new Error('it opened');
    },
    (caught: Error) => caught,
  );
  t.true(hasCode(error, code), String(error));
  t.true(error.message.includes(message), error.message);
}

async function inDirectory(run: (path: string) => Promise<void>): Promise<void> {
  const directory = await temporaryDirectory();
  try {
    await run(directory.path);
  } finally {
    await directory.remove();
  }
}
