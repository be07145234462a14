/** What a contract test works with: a store, a corner of its keys, and ways to read watches without waiting for ever. */
import { randomUUID } from 'node:crypto';
import type { ExecutionContext, TestFn } from 'ava';
import {
  type KeyRange,
  prefixEnd,
  type Store,
  type StoreSupports,
  type Watch,
  type WatchEvent,
} from '#appliance/datastore/store.ts';
import { hasCode } from '#appliance/lib/errors.ts';

/** A store made for one test. */
export interface OpenedStore {
  readonly store: Store;
  /** Closes it and gives what a new process would find. Absent when nothing outlives the process. */
  reopen?(): Promise<Store>;
  /** Lets time pass for leases: really, or on the store's own clock. */
  pass(seconds: number): Promise<void>;
  dispose(): Promise<void>;
}

/** How a backend is tested. */
export interface StoreFactory {
  open(): Promise<OpenedStore>;
  readonly supports: StoreSupports & {
    /** The store is empty at first and nobody else writes: revisions can be counted. */
    readonly exclusive: boolean;
    /** False when there is no disk whose size could be told, or the way to the store does not tell it. */
    readonly tellsSize?: boolean;
  };
}

/** A test's view of its store: keys are relative to a prefix that no other test has. */
export interface Scope extends OpenedStore {
  key(name: string): Buffer;
  /** All keys of the test that begin with `name`. */
  prefix(name?: string): Required<KeyRange>;
  put(name: string, value: string): Promise<number>;
  /** The names and values under a prefix, as `name=value`, at a revision. */
  list(name?: string, revision?: number): Promise<string[]>;
  /** `put name=value` or `delete name`. */
  print(event: WatchEvent): string;
}

export type ContractTest = (t: ExecutionContext, scope: Scope) => Promise<void>;

/** Registers tests one after the other, each with a store and a prefix of its own. */
export function contractTests(
  test: TestFn,
  name: string,
  factory: StoreFactory,
): (title: string, run: ContractTest) => void {
  return (title, run) => {
    test.serial(`${name}: ${title}`, async (t) => {
      const opened = await factory.open();
      try {
        await run(t, createScope(opened));
      } finally {
        await opened.dispose();
      }
    });
  };
}

function createScope(opened: OpenedStore): Scope {
  const root = `/contract/${randomUUID()}/`;
  const { store } = opened;
  const key = (name: string) => Buffer.from(root + name, 'latin1');
  const name = (bytes: Buffer) => bytes.toString('latin1').slice(root.length);
  const prefix = (start = '') => ({ key: key(start), rangeEnd: prefixEnd(key(start)) });
  return {
    ...opened,
    key,
    prefix,
    put: async (at, value) => (await store.put(key(at), Buffer.from(value))).revision,
    async list(start, revision) {
      const { entries } = await store.range({ ...prefix(start), ...(revision && { revision }) });
      return entries.map((entry) => `${name(entry.key)}=${entry.value}`);
    },
    print: ({ type, entry }) =>
      type === 'put' ? `put ${name(entry.key)}=${entry.value}` : `delete ${name(entry.key)}`,
  };
}

/**
 * Reads `count` events and closes the watch unless told to keep it. Fails when a revision is split or repeated, when events are not in
 * order of revision, and when nothing comes for ten seconds.
 */
export async function readEvents(
  t: ExecutionContext,
  watch: Watch,
  count: number,
  keep = false,
): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  const batches = watch[Symbol.asyncIterator]();
  let reached = 0;
  while (events.length < count) {
    const { done, value: batch } = await within(10, batches.next());
    if (done) break;
    const revisions = batch.events.map(({ entry }) => entry.modRevision);
    t.true(
      revisions.every(
        (revision, i) => revision > reached && revision >= (revisions[i - 1] ?? 0) && revision <= batch.revision,
      ),
      `revisions ${revisions} up to ${batch.revision} after ${reached}`,
    );
    reached = batch.revision;
    events.push(...batch.events);
  }
  if (!keep) watch.close();
  return events;
}

/** Puts that many keys, some hundreds at a time: a busy machine answers them all in time. */
export async function putMany({ put }: Pick<Scope, 'put'>, names: readonly string[], value: (name: string) => string) {
  for (let start = 0; start < names.length; start += PUTS_AT_ONCE)
    await Promise.all(names.slice(start, start + PUTS_AT_ONCE).map((name) => put(name, value(name))));
}

const PUTS_AT_ONCE = 300;

/** Rejects when the promise takes longer. */
export async function within<T>(seconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing happened for ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Expects an error with a code. */
export async function throwsCode(t: ExecutionContext, code: string, run: () => Promise<unknown>): Promise<void> {
  const error = await t.throwsAsync(run);
  t.true(hasCode(error, code), `${code} expected, got ${error}`);
}

/** The error a watch ends with, whether it comes when it is made or when it is read. */
export async function watchError(start: () => Promise<Watch>): Promise<unknown> {
  try {
    const watch = await start();
    for (const batches = watch[Symbol.asyncIterator](); ; ) {
      const { done } = await within(10, batches.next());
      if (done) return undefined;
    }
  } catch (error) {
    return error;
  }
}
