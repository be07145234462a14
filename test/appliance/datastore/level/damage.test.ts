/**
 * Any one damage to a real data directory: bytes changed, files cut off, removed, exchanged. Each time the store either opens with exactly
 * what was in it, history and leases included, or is refused with the name of the file and the way back. `STORE_DAMAGES` says how many
 * random damages are tried (120).
 */
import { cp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { openLevelStore } from '#appliance/datastore/level/open.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import { temporaryDirectory } from './directory.ts';

const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.STORE_DAMAGES ?? 120);
const everything = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };

interface Origin {
  readonly path: string;
  /** Everything the store answers. */
  readonly content: unknown;
  readonly names: readonly string[];
}

type Damage =
  | { readonly type: 'change'; readonly file: number; readonly at: number; readonly by: number }
  | { readonly type: 'cut'; readonly file: number; readonly at: number }
  | { readonly type: 'zero'; readonly file: number; readonly at: number }
  | { readonly type: 'remove'; readonly file: number }
  | { readonly type: 'exchange'; readonly file: number; readonly other: number };

const file = fc.nat(1000);
/** A place in a file, as a part of its length. */
const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const damage: fc.Arbitrary<Damage> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('change' as const), file, at, by: fc.integer({ min: 1, max: 255 }) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('cut' as const), file, at }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('zero' as const), file, at }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), file }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('exchange' as const), file, other: file }) },
);

test(`a database with any one damage is whole or refused by name (seed ${seed}, ${numRuns} damages)`, async (t) => {
  t.timeout(60_000 + numRuns * 2000);
  const directory = await temporaryDirectory();
  const counts = { opened: 0, refused: 0 };
  let copies = 0;
  try {
    const origin = await makeOrigin(join(directory.path, 'origin'));
    const tries = async (one: Damage) => {
      const copy = join(directory.path, `copy-${copies++}`, 'store');
      await cp(origin.path, copy, { recursive: true });
      const hurt = await harm(copy, origin.names, one);
      const result = await check(origin, copy, hurt);
      counts[result]++;
      await rm(dirname(copy), { recursive: true });
    };
    for (const removed of origin.names.keys()) await tries({ type: 'remove', file: removed });
    for (const cut of origin.names.keys()) await tries({ type: 'cut', file: cut, at: 0 });
    await fc.assert(fc.asyncProperty(damage, tries), { seed, numRuns, includeErrorInReport: true });
  } finally {
    await directory.remove();
  }
  t.log(`${counts.refused} refused, ${counts.opened} whole`);
  t.true(counts.refused > numRuns / 4 && counts.opened > 0);
});

/** Several tables, a log that is in none of them yet, history, deletions, leases and a compaction. */
async function makeOrigin(path: string): Promise<Origin> {
  for (let round = 0; round < 4; round++) {
    const store = await openLevelStore(path, { retention: false });
    const { id } = await store.leaseGrant(100_000);
    for (let i = 0; i < 40; i++) {
      const key = Buffer.from(`/key/${i % 25}`);
      const value = Buffer.from(
        JSON.stringify({ round, i, text: 'some text that shrinks '.repeat(round === 3 ? 60 : 8) }),
      );
      if (i % 9 === 8) await store.delete({ key });
      else await store.put(key, value, i === 5 ? { lease: id } : {});
    }
    await store.leaseGrant(200_000, BigInt(round + 1));
    if (round === 1) await store.compact((await store.revisions()).current - 30);
    if (round === 2) await store.defragment();
    await store.close();
  }
  const copy = `${path}-read`;
  await cp(path, copy, { recursive: true });
  const store = await openLevelStore(copy, { retention: false });
  const content = await contentOf(store);
  await store.close();
  const names = (await readdir(path)).filter((name) => !/^LO(CK|G|G\.old)$/.test(name));
  return { path, content, names };
}

/** The newest state, every older one there is, all events, and the leases. */
async function contentOf(store: Store): Promise<unknown> {
  const { current, compacted } = await store.revisions();
  const states = [];
  for (let revision = compacted; revision <= current; revision += 7) {
    states.push((await store.range({ ...everything, revision })).entries);
  }
  const { entries } = await store.range(everything);
  const single = await Promise.all(entries.map(async ({ key }) => (await store.range({ key })).entries));
  const events = [];
  for await (const batch of await store.watch({ ...everything, startRevision: compacted + 1, prevKv: true })) {
    events.push(...batch.events);
    if (batch.revision >= current) break;
  }
  const leases = await Promise.all((await store.leases()).map((id) => store.leaseTimeToLive(id, true)));
  const grants = leases
    .map(({ id, ttlSeconds, keys }) => ({ id, ttlSeconds, keys }))
    .sort((a, b) => Number(a.id - b.id));
  return { current, compacted, states, entries, single, events, grants };
}

/** Does the damage; gives the names of the files that are no longer what they were. */
async function harm(directory: string, names: readonly string[], one: Damage): Promise<string[]> {
  const name = names[one.file % names.length]!;
  const path = join(directory, name);
  if (one.type === 'remove') {
    await rm(path);
  } else if (one.type === 'exchange') {
    const other = names[one.other % names.length]!;
    if (other === name) return [];
    await rename(path, join(directory, 'aside'));
    await rename(join(directory, other), path);
    await rename(join(directory, 'aside'), join(directory, other));
    return [name, other];
  } else {
    const { size } = await stat(path);
    const place = Math.floor(one.at * size);
    if (one.type === 'cut') await truncate(path, place);
    else await writeFile(path, changed(await readFile(path), place, one));
  }
  return [name];
}

function changed(bytes: Buffer, place: number, one: Damage): Buffer {
  if (one.type === 'change') bytes[place]! ^= one.by;
  else bytes.fill(0, place, Math.min(bytes.length, place + 512));
  return bytes;
}

async function check(origin: Origin, copy: string, hurt: readonly string[]): Promise<'opened' | 'refused'> {
  let store: Store;
  try {
    store = await openLevelStore(copy, { retention: false });
  } catch (error) {
    if (!hasCode(error, 'STORE_CORRUPT')) throw error;
    const { message } = error as Error;
    if (!hurt.some((name) => message.includes(name))) throw new Error(`${hurt} was hurt, but: ${message}`);
    if (!message.includes('calicoctl datastore restore FILE --data-dir')) throw error;
    return 'refused';
  }
  try {
    const content = await contentOf(store);
    if (JSON.stringify(content, legible) !== JSON.stringify(origin.content, legible))
      throw new Error('it opened, changed');
    return 'opened';
  } finally {
    await store.close();
  }
}

function legible(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
