import test from 'ava';
import fc from 'fast-check';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Store } from '#appliance/datastore/store.ts';

const bytes = (text: string) => Buffer.from(text);
const everything = { key: bytes('/'), rangeEnd: bytes('0') };
const keys = 120;
const name = (i: number) => `/${String(i).padStart(4, '0')}`;

/** One change: of a key that is there, or of one between two. */
const change = fc.record({ at: fc.nat(2 * keys), isDelete: fc.boolean() });
const question = fc.record({
  back: fc.nat(60),
  from: fc.nat(2 * keys),
  limit: fc.nat(40),
  shape: fc.constantFrom({}, { keysOnly: true }, { countOnly: true }),
});

test('a range at a recent revision is what was there then, whatever the limit', async (t) => {
  const scripts = fc.tuple(fc.array(change, { maxLength: 60 }), fc.array(question, { minLength: 1, maxLength: 12 }));
  await fc.assert(
    fc.asyncProperty(scripts, async ([changes, questions]) => {
      const store = await openMemoryStore({ retention: false });
      const states = new Map<number, Map<string, string>>();
      let state = await fill(store);
      for (const [i, next] of changes.entries()) state = await apply(store, states, state, { ...next, value: `${i}` });
      const { current } = await store.revisions();
      for (const { back, from, limit, shape } of questions) {
        const revision = current - Math.min(back, Math.max(0, states.size - 1));
        const then = states.get(revision) ?? state;
        const expected = [...then].filter(([key]) => key >= name(from)).sort();
        const answer = await store.range({ ...everything, key: bytes(name(from)), revision, limit, ...shape });
        t.is(answer.count, expected.length);
        const wanted = 'countOnly' in shape ? [] : expected.slice(0, limit || expected.length);
        const found = answer.entries.map((entry) => [`${entry.key}`, `${entry.value}`]);
        t.deepEqual(
          found,
          wanted.map(([key, value]) => [key, 'keysOnly' in shape ? '' : value]),
        );
        t.is(answer.more, 'countOnly' in shape ? false : wanted.length < expected.length);
      }
      await store.close();
    }),
    { numRuns: 60 },
  );
});

test('a list in pages at one revision is whole while others write', async (t) => {
  const store = await openMemoryStore({ retention: false });
  await fill(store);
  const { current: revision } = await store.revisions();
  let running = true;
  const writing = (async () => {
    for (let i = 0; running; i++) await store.put(bytes(name((i * 7) % (2 * keys))), bytes('new'));
  })();
  const found: string[] = [];
  for (let key = everything.key; ; ) {
    const { entries, count, more } = await store.range({ ...everything, key, revision, limit: 10 });
    t.is(count, keys - found.length);
    found.push(...entries.map((entry) => `${entry.key}=${entry.value}`));
    if (!more) break;
    key = Buffer.concat([entries.at(-1)!.key, bytes('\0')]);
  }
  running = false;
  await writing;
  t.deepEqual(
    found,
    Array.from({ length: keys }, (_, i) => `${name(2 * i)}=old`),
  );
  await store.close();
});

async function fill(store: Store): Promise<Map<string, string>> {
  const names = Array.from({ length: keys }, (_, i) => name(2 * i));
  const success = names.map((key) => ({ type: 'put', key: bytes(key), value: bytes('old') }) as const);
  await store.txn({ compare: [], success, failure: [] });
  return new Map(names.map((key) => [key, 'old']));
}

async function apply(
  store: Store,
  states: Map<number, Map<string, string>>,
  before: Map<string, string>,
  { at, isDelete, value }: { at: number; isDelete: boolean; value: string },
): Promise<Map<string, string>> {
  const key = name(at);
  const after = new Map(before);
  if (isDelete) after.delete(key);
  else after.set(key, value);
  const { revision } = isDelete ? await store.delete({ key: bytes(key) }) : await store.put(bytes(key), bytes(value));
  states.set(revision, after);
  return after;
}
