import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { parse } from 'yaml';
import { namedPortSetId, selectorId, serviceSetId } from '#appliance/selector/id.ts';
import { type DataplaneState, emptyState } from './accumulate.ts';
import {
  type Change,
  changesBetween,
  Feed,
  freshState,
  keyOf,
  type Manifest,
  type StoreState,
  storedValue,
} from './feed.ts';

interface Scenario {
  readonly name: string;
  readonly store: StoreState;
  readonly expect: DataplaneState;
}

interface RawScenario {
  readonly name: string;
  readonly store: readonly Manifest[];
  readonly expect: unknown;
}

const folder = new URL('../../../scenario/calc/', import.meta.url);
/** Equal manifests are one value everywhere, so that a step between states changes only what differs. */
const manifests = new Map<string, unknown>();
const nothing: StoreState = new Map();

function load(file: string): Scenario[] {
  const text = readFileSync(new URL(file, folder), 'utf8');
  return (parse(text, { merge: true }) as RawScenario[]).map(({ name, store, expect }) => ({
    name,
    store: new Map(store.map((manifest) => [keyOf(manifest), shared(manifest)])),
    expect: { ...emptyState(), ...(withIds(expect) as object) },
  }));
}

function shared(manifest: Manifest): unknown {
  const text = JSON.stringify(manifest);
  if (!manifests.has(text)) manifests.set(text, storedValue(manifest));
  return manifests.get(text);
}

/** Replaces the readable names of sets by their ids, in keys and values. */
function withIds(value: unknown): unknown {
  if (typeof value === 'string') return idOf(value);
  if (Array.isArray(value)) return value.map(withIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [idOf(key), withIds(item)]));
}

function idOf(text: string): string {
  const [, kind, body] = /^(set|port|service|sources)\((.*)\)$/.exec(text) ?? [];
  if (kind === undefined || body === undefined) return text;
  if (kind === 'set') return selectorId(body);
  const parts = body.split(', ');
  if (kind === 'port') return namedPortSetId(parts[0]!, parts[1] as 'tcp', parts[2]!);
  return serviceSetId(parts[0]!, parts[1]!, kind === 'service');
}

const scenarios = readdirSync(folder).sort().flatMap(load);

for (const { name, store, expect } of scenarios) {
  test(`createGraph() on a fresh start: ${name}`, (t) => {
    t.deepEqual(freshState(store), expect);
  });
}

/** Ways to get from state to state; each must end in the same dataplane. */
const ways: Readonly<Record<string, (changes: readonly Change[], before: StoreState) => Change[][]>> = {
  'in one batch': (changes) => [[...changes]],
  'one by one': (changes) => changes.map((change) => [change]),
  'reversed, one by one': (changes) => changes.toReversed().map((change) => [change]),
  'with every change twice': (changes) => changes.map((change) => [change, change]),
  'with deletes of what was never there': (changes) => [
    [...changes.map(({ key }) => ({ key: `${key}-not`, value: undefined })), ...changes],
  ],
  'deleted and put back': (changes, before) => {
    const gone = [...before.keys()].map((key) => ({ key, value: undefined }));
    return [gone, [...[...before].map(([key, value]) => ({ key, value })), ...changes]];
  },
  'deleted and put back in one batch': (changes, before) => {
    const gone = [...before.keys()].map((key) => ({ key, value: undefined }));
    return [[...gone, ...[...before].map(([key, value]) => ({ key, value })), ...changes]];
  },
};

for (const [way, arrange] of Object.entries(ways)) {
  for (const [order, states] of Object.entries({ forwards: scenarios, backwards: scenarios.toReversed() })) {
    test(`createGraph() through all states ${order}, ${way}`, (t) => {
      const feed = new Feed().inSync();
      let before = nothing;
      for (const { name, store, expect } of states) {
        for (const batch of arrange(changesBetween(before, store), before)) feed.update(batch).flush();
        t.deepEqual(feed.state(), expect, name);
        before = store;
      }
      feed.update(changesBetween(before, nothing)).flush();
      t.deepEqual(feed.state(), emptyState());
      t.is(feed.graph.rows(), 0);
    });
  }
}

test('createGraph() through all states in any order, each shuffled and flushed in parts', (t) => {
  const permutation = <T>(list: readonly T[]) => fc.shuffledSubarray([...list], { minLength: list.length });
  fc.assert(
    fc.property(
      permutation(scenarios),
      fc.infiniteStream(fc.nat()),
      fc.integer({ min: 1, max: 4 }),
      (states, random, size) => {
        const feed = new Feed().inSync();
        let before = nothing;
        for (const { store, expect } of states) {
          feed.update(shuffle(changesBetween(before, store), random)).flush(size);
          t.deepEqual(feed.state(), expect);
          before = store;
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('createGraph() squashes states that pass before it is in sync', (t) => {
  for (const last of scenarios) {
    const feed = new Feed();
    let before = nothing;
    for (const { store } of [...scenarios, last]) {
      feed.update(changesBetween(before, store)).flush();
      before = store;
    }
    t.deepEqual(feed.state(), emptyState());
    t.deepEqual(feed.inSync().flush().state(), last.expect);
  }
});

function shuffle<T>(list: readonly T[], random: fc.Stream<number>): T[] {
  return list
    .map((item) => ({ item, at: random.next().value ?? 0 }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
