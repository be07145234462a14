/**
 * One run: clients and watchers at work, a compactor behind them, faults one after the other; then everything is healed, settled, read
 * for the last time, and judged. I/O.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom, type Random } from '#test/kernel/verdicts/random.ts';
import { checkLinearizable, type Verdict } from './checker.ts';
import { type Fault, faults, kill } from './faults.ts';
import type { RunRecord, Snapshot } from './history.ts';
import { rangeBytes, recordEntry } from './record.ts';
import { Recorder } from './recorder.ts';
import { historian, judge } from './rules/judge.ts';
import type { Target, TestedStore } from './target.ts';
import { ask } from './traffic/ask.ts';
import { runClient } from './traffic/client.ts';
import { allKeys } from './traffic/draw.ts';
import { Watcher } from './traffic/watcher.ts';

export interface RunOptions {
  readonly seed: number;
  /** Plain kills; other faults add theirs. */
  readonly kills: number;
  /** How often each other fault comes. */
  readonly rounds: number;
  /** So many operations come before the first fault. */
  readonly calmOperations: number;
}

export interface RunReport {
  readonly record: RunRecord;
  readonly problems: readonly string[];
  readonly verdict: Verdict;
  readonly kills: number;
  readonly faults: readonly string[];
}

const everything = { key: '\0', end: '\0' };
const clientCount = 6;
const workMsMax = 5_000;
const settleMsMax = 60_000;

export async function runTarget(target: Target, options: RunOptions): Promise<RunReport> {
  const random = createRandom(options.seed);
  const recorder = new Recorder();
  const store = target.connect();
  const initial = await readAll(store);
  recorder.told(initial.revision);
  const watchers = openWatchers(target, recorder, random, initial.revision);
  const stop = new AbortController();
  const working = [
    ...startClients(target, recorder, random, initial, stop.signal),
    compact(target, recorder, random, watchers[0]!, stop.signal),
  ];
  while (recorder.operations.length < options.calmOperations) await sleep(10);
  const done = await applyFaults(target, recorder, random, options);
  stop.abort();
  await Promise.all(working);
  await Promise.all(target.servers.map((server) => server.ready()));
  const { final, late } = await settle(store, recorder, watchers);
  await Promise.all(watchers.map((watcher) => watcher.stop()));
  const record = { initial, final, operations: recorder.operations, watches: recorder.watches };
  const { problems, input } = judge(record, target.servers.length === 1);
  return { record, problems: [...late, ...problems], verdict: await checkLinearizable(input), ...done };
}

function startClients(target: Target, recorder: Recorder, random: Random, initial: Snapshot, signal: AbortSignal) {
  const stores = [target.connect(), target.connect(), target.connect()];
  const clients = Array.from({ length: clientCount }, (_, id) =>
    runClient(
      {
        id,
        store: stores[id % stores.length]!,
        recorder,
        random: fork(random),
        oldest: () => initial.revision,
        pauseMsMax: 15,
      },
      signal,
    ),
  );
  return [Promise.all(clients).then(() => Promise.all(stores.map((store) => store.close())))];
}

/** The historian first: it sees all and is never compacted away. The others come late, leave, dawdle, look at little. */
function openWatchers(target: Target, recorder: Recorder, random: Random, revision: number): Watcher[] {
  const defaults = { recorder, prevKv: true, start: revision + 1, pauseMsMax: 0 };
  const watcher = (name: string, range: { key: string; end: string }, more: object = {}) =>
    new Watcher({ name, ...range, ...defaults, ...more, store: target.connect(), random: fork(random) });
  const watchers = [
    watcher(historian, everything),
    watcher('prefix', allKeys, { prevKv: false }),
    watcher('restless', allKeys, { leaves: { probability: 0.1, awayMsMax: 100 } }),
    watcher('one key', { key: '/robust/k3', end: '' }, { leaves: { probability: 0.1, awayMsMax: 1_000 } }),
    watcher(
      'newcomer',
      { key: '/robust/k2', end: '/robust/k5' },
      { start: 0, leaves: { probability: 0.05, awayMsMax: 50 } },
    ),
    watcher('slow', allKeys, { pauseMsMax: 400 }),
    watcher('absent', allKeys, { leaves: { probability: 0.2, awayMsMax: 6_000 } }),
  ];
  for (const each of watchers) each.start();
  return watchers;
}

async function compact(
  target: Target,
  recorder: Recorder,
  random: Random,
  guard: Watcher,
  signal: AbortSignal,
): Promise<void> {
  const store = target.connect();
  const own = fork(random);
  for (let last = 0; !signal.aborted; await sleep(200 + own.below(600))) {
    const revision = guard.reached - 1 - own.below(120);
    if (revision <= last) continue;
    await ask(store, recorder, clientCount, { kind: 'compact', revision });
    last = revision;
  }
  await store.close();
}

async function applyFaults(target: Target, recorder: Recorder, random: Random, { kills, rounds }: RunOptions) {
  const others = faults.filter((fault) => fault.isPossible(target));
  const planned = [
    ...Array.from({ length: kills }, () => kill),
    ...Array.from({ length: rounds }, () => others).flat(),
  ];
  const done: string[] = [];
  let killed = 0;
  for (const fault of shuffle<Fault>(planned, random)) {
    killed += await fault.run(target, random);
    done.push(fault.name);
    // So that a slow machine's run is worth as much; now and then the next one comes at once.
    if (random.chance(0.75)) await work(recorder, random.below(40));
  }
  return { kills: killed, faults: done };
}

/** Waits until so many more operations have gone well, but not for ever: fewer servers than a majority may be up. */
async function work(recorder: Recorder, count: number): Promise<void> {
  const wanted = recorder.succeeded + count;
  for (const endMs = performance.now() + workMsMax; recorder.succeeded < wanted && performance.now() < endMs; )
    await sleep(5);
}

/** No lease is left that could end by itself; then all have been told everything, and nothing has moved meanwhile. */
async function settle(store: TestedStore, recorder: Recorder, watchers: readonly Watcher[]) {
  const endMs = performance.now() + settleMsMax;
  const left = () => Math.max(1_000, endMs - performance.now());
  await revokeAll(store, recorder);
  for (;;) {
    const final = await readAll(store);
    const isThere = await Promise.all(watchers.map((watcher) => watcher.reach(final.revision, left())));
    const late = watchers
      .filter((_, i) => !isThere[i])
      .map((w) => `${w.name} is at ${w.reached}, not at ${final.revision}`);
    if (late.length > 0 || (await readAll(store)).revision === final.revision) {
      await store.close();
      return { final, late };
    }
  }
}

async function revokeAll(store: TestedStore, recorder: Recorder): Promise<void> {
  const leases = () => store.leases().catch(() => undefined);
  for (let ids = await leases(); ids === undefined || ids.length > 0; ids = await leases()) {
    for (const id of ids ?? []) await ask(store, recorder, clientCount, { kind: 'revoke', lease: id.toString() });
    await sleep(20);
  }
}

async function readAll(store: TestedStore): Promise<Snapshot> {
  for (const endMs = performance.now() + settleMsMax; ; await sleep(50)) {
    try {
      const { revision, entries } = await store.range(rangeBytes(everything));
      return { revision, entries: entries.map(recordEntry) };
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
}

/** A generator of its own, so that one actor's pace does not change another's choices. */
function fork(random: Random): Random {
  return createRandom(random.below(2 ** 31));
}

function shuffle<T>(list: readonly T[], random: Random): T[] {
  const left = [...list];
  return Array.from(list, () => left.splice(random.below(left.length), 1)[0]!);
}
