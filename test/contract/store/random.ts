/** Contract: any history of writes, compactions and reopenings leaves a store that agrees with the naive model at every revision. */
import type { ExecutionContext, TestFn } from 'ava';
import fc from 'fast-check';
import { type Op, prefixEnd, type Store } from '#appliance/datastore/store.ts';
import { hasCode } from '#appliance/lib/errors.ts';
import { type ModelWrite, StoreModel, select } from './model.ts';
import { contractTests, readEvents, type Scope, type StoreFactory } from './scope.ts';

type Step =
  | { readonly type: 'write'; readonly writes: readonly ModelWrite[] }
  | { readonly type: 'together'; readonly keys: readonly string[] }
  | { readonly type: 'compact'; readonly back: number }
  | { readonly type: 'reopen' };

const root = '/model/';
const everything = { key: bytes(''), rangeEnd: prefixEnd(bytes('')) };

// Few keys, so that they are written again and again; with bytes that a careless encoding of keys gets wrong.
const key = fc.constantFrom('', 'a', 'a\0', 'a\0\x01', 'a\0\xff', 'aa', 'ab', 'b', 'b\xff', '\xff');
const write: fc.Arbitrary<ModelWrite> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('put' as const), key, value: fc.string({ maxLength: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('delete' as const), key, end: key }) },
);
const writes = fc.array(write, { minLength: 1, maxLength: 4 }).filter(isAllowed);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant('write' as const), writes }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('together' as const), keys: fc.array(key, { maxLength: 8 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), back: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
);

export function randomContract(test: TestFn, name: string, factory: StoreFactory): void {
  if (!factory.supports.exclusive) return;
  const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
  const check = contractTests(test, `${name} (seed ${seed})`, factory);

  check('any history agrees with a naive model', async (t) => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const opened = await factory.open();
      try {
        await runHistory(t, opened, steps);
      } finally {
        await opened.dispose();
      }
    });
    await fc.assert(property, { seed, numRuns: Number(process.env.FC_RUNS ?? 40) });
    t.pass();
  });
}

async function runHistory(
  t: ExecutionContext,
  opened: Pick<Scope, 'store' | 'reopen'>,
  steps: readonly Step[],
): Promise<void> {
  let { store } = opened;
  const model = new StoreModel((await store.revisions()).current);
  for (const next of steps) {
    if (next.type === 'reopen') store = (await opened.reopen?.()) ?? store;
    else await take(store, model, next);
    await agree(store, model, model.revision);
  }
  for (let revision = model.compacted; revision <= model.revision; revision++) await agree(store, model, revision);
  await agreeOnEvents(t, store, model);
}

async function take(store: Store, model: StoreModel, next: Exclude<Step, { type: 'reopen' }>): Promise<void> {
  if (next.type === 'write') {
    const { revision } = await store.txn({ compare: [], success: next.writes.map(toOp), failure: [] });
    same(revision, model.write(next.writes), 'revision');
  } else if (next.type === 'together') {
    const value = Buffer.from('together');
    const revisions = await Promise.all(next.keys.map(async (at) => (await store.put(bytes(at), value)).revision));
    const expected = next.keys.map((at) => model.write([{ type: 'put', key: at, value: 'together' }]));
    same(revisions, expected, 'revisions of puts sent together');
  } else {
    const revision = model.revision - next.back;
    if (revision <= model.compacted) return;
    await store.compact(revision);
    model.compacted = revision;
  }
}

async function agree(store: Store, model: StoreModel, revision: number): Promise<void> {
  const expected = select(model.at(revision), '', '\xff\xff');
  const { entries, count } = await store.range({ ...everything, revision });
  const found = entries.map(({ key: at, value, createRevision, modRevision, version }) => [
    at.toString('latin1').slice(root.length),
    { value: value.toString(), createRevision, modRevision, version },
  ]);
  same(found, expected, `state at ${revision}`);
  same(count, expected.length, `count at ${revision}`);
  const part = await store.range({ key: bytes('a'), rangeEnd: bytes('b'), revision, limit: 2 });
  const partExpected = select(model.at(revision), 'a', 'b');
  same(
    [part.entries.length, part.count],
    [Math.min(2, partExpected.length), partExpected.length],
    `part at ${revision}`,
  );
  same((await store.revisions()).current, model.revision, 'revision');
}

async function agreeOnEvents(t: ExecutionContext, store: Store, model: StoreModel): Promise<void> {
  const expected = model.events.filter((event) => event.revision > model.compacted);
  const watch = await store.watch({ ...everything, startRevision: model.compacted + 1, prevKv: true });
  const events = await readEvents(t, watch, expected.length);
  const found = events.map(({ type, entry, prev }) => ({
    type,
    key: entry.key.toString('latin1').slice(root.length),
    revision: entry.modRevision,
    value: entry.value.toString(),
    previous: prev?.value.toString(),
  }));
  same(found, expected, 'events');
  if (model.compacted > 1) {
    const error = await store.range({ ...everything, revision: model.compacted - 1 }).catch((caught) => caught);
    same(model.compacted - 1 <= 1 || hasCode(error, 'STORE_COMPACTED'), true, 'compacted revision');
  }
}

function bytes(name: string): Buffer {
  return Buffer.from(root + name, 'latin1');
}

function toOp(one: ModelWrite): Op {
  if (one.type === 'put') return { type: 'put', key: bytes(one.key), value: Buffer.from(one.value) };
  return { type: 'delete', key: bytes(one.key), ...(one.end !== undefined && { rangeEnd: bytes(one.end) }) };
}

/** One key is changed once in a transaction, or the store refuses it. */
function isAllowed(list: readonly ModelWrite[]): boolean {
  const puts = list.filter((one) => one.type === 'put').map((one) => one.key);
  const deletes = list.filter((one) => one.type === 'delete');
  const isDeleted = (at: string) => deletes.some(({ key: start, end }) => at >= start && at < (end ?? `${start}\0`));
  return new Set(puts).size === puts.length && !puts.some(isDeleted);
}

function same(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a}, expected ${b}`);
}
