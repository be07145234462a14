/**
 * Keeps a sink up to date with a part of the store: list, then watch; after an outage list keys again and tell only what
 * changed. Outlives restarts, freezes and compactions of the store. I/O.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { storeErrors } from './errors.ts';
import { listPrefixes } from './list-prefixes.ts';
import { Mirror } from './mirror.ts';
import { coveringRange, disjointPrefixes, hasPrefix } from './prefixes.ts';
import type { Revision, Store, Watch, WatchBatch } from './store.ts';
import type { SyncSink, SyncStatus, Update } from './syncer.ts';

export interface FollowOptions {
  /** The store, or how to get one; asked anew after every failure. */
  readonly store: Store | (() => Store | Promise<Store>);
  /** Keys outside of them are never told. */
  readonly prefixes: readonly string[];
  /** An error it throws is a fault of ours: it ends the follower and is not caught here. */
  readonly sink: SyncSink;
  readonly log: Logger;
  /** Pause after a first failure; doubled up to `backoffMaxMs`, less a random part. */
  readonly backoffMinMs?: number;
  readonly backoffMaxMs?: number;
}

/** Whether the store answers, since when, and what it is that does not work. */
export interface StoreConnection {
  readonly isConnected: boolean;
  /** Milliseconds for which it has been so. */
  readonly sinceMs: number;
  readonly problem?: string;
}

export interface Follower {
  readonly status: SyncStatus;
  /** Not connected before the first answer. What was told stays as it is meanwhile. */
  readonly connection: StoreConnection;
  /** Everything up to here has been told. */
  readonly revision: Revision;
  /** How often the way to the store was lost. */
  readonly losses: number;
  /** Every key that has been told and is there. */
  keys(): Iterable<string>;
  /** Settles when following is over; rejects with an error that the sink threw. */
  readonly done: Promise<void>;
  /** Has the sink told, by `onUpdates` without updates, that everything is told up to the store's revision of now or later. */
  requestProgress(): void;
  /** Tells nothing more; resolves when the sink's last call is over. */
  close(): Promise<void>;
}

const BATCH_UPDATES_MAX = 500;
const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 2_000;

/** Starts following; the sink hears `wait` first. */
export function followStore(options: FollowOptions): Follower {
  const following = new Following(options);
  const done = following.run();
  return {
    get status() {
      return following.status;
    },
    get connection() {
      return following.connection;
    },
    get revision() {
      return following.revision;
    },
    get losses() {
      return following.losses;
    },
    keys: () => following.keys(),
    done,
    requestProgress: () => following.requestProgress(),
    close() {
      following.stop();
      return done;
    },
  };
}

class Following {
  status: SyncStatus = 'wait';
  revision: Revision = 0;
  losses = 0;
  readonly #options: FollowOptions;
  readonly #prefixes: readonly Buffer[];
  readonly #mirror = new Mirror();
  readonly #stopped = new AbortController();
  #failures = 0;
  #watching: Watch | undefined;
  #isProgressWanted = false;
  #problem: string | undefined = 'no answer yet';
  #changedAtMs = performance.now();

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#prefixes = disjointPrefixes(options.prefixes);
  }

  get connection(): StoreConnection {
    const sinceMs = performance.now() - this.#changedAtMs;
    if (this.#problem === undefined) return { isConnected: true, sinceMs };
    return { isConnected: false, sinceMs, problem: this.#problem };
  }

  keys(): Iterable<string> {
    return this.#mirror.keys();
  }

  stop(): void {
    this.#stopped.abort();
  }

  requestProgress(): void {
    this.#isProgressWanted = true;
    this.#watching?.requestProgress();
  }

  async run(): Promise<void> {
    await this.#options.sink.onStatus('wait', 0);
    while (!this.#isStopped) {
      try {
        await this.#listAndWatch();
      } catch (error) {
        if (this.#isStopped) return;
        if (error instanceof SinkFailure) throw error.cause;
        await this.#lost(error);
      }
    }
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #listAndWatch(): Promise<void> {
    const { store: source } = this.#options;
    const store = typeof source === 'function' ? await source() : source;
    const revision = await this.#list(store);
    if (this.#isStopped) return;
    await this.#watch(store, revision);
  }

  /** Tells all that is news at one revision, then what is gone; resolves with that revision. */
  async #list(store: Store): Promise<Revision> {
    const mirror = this.#mirror;
    const keysFirst = mirror.size > 0 && this.revision > 0;
    if (keysFirst && (await this.#hasGoneBack(store))) mirror.distrust();
    const isNews = mirror.isNews.bind(mirror);
    const listed = new Set<string>();
    let revision = 0;
    for await (const page of listPrefixes({ store, prefixes: this.#prefixes, keysFirst, isNews })) {
      this.#connected(undefined);
      if (revision === 0) await this.#tellStatus('resync', page.revision);
      revision = page.revision;
      for (const key of page.keys) listed.add(key);
      await this.#tell(
        page.news.map(({ key, entry }) => mirror.takeEntry(key, entry)),
        revision,
      );
      if (this.#isStopped) return revision;
    }
    await this.#tell(mirror.takeMissing(listed, revision), revision);
    this.revision = revision;
    return revision;
  }

  /** A store behind what we have told is not the store it was: equal revisions then prove nothing. */
  async #hasGoneBack(store: Store): Promise<boolean> {
    const { revision } = await store.range({ key: this.#prefixes[0]!, countOnly: true });
    return revision < this.revision;
  }

  async #watch(store: Store, listed: Revision): Promise<void> {
    const range = coveringRange(this.#prefixes);
    const onInterruption = (problem: string | undefined) => this.#connected(problem);
    const watch = await store.watch({ ...range, startRevision: listed + 1, onInterruption }, this.#stopped.signal);
    try {
      await this.#tellStatus('in-sync', listed);
      this.#failures = 0;
      this.#watching = watch;
      if (this.#isProgressWanted) watch.requestProgress();
      for await (const batch of watch) {
        if (this.#isStopped) return;
        const told = this.#tellBatch(batch);
        if (told !== undefined) await told;
      }
    } finally {
      this.#watching = undefined;
      watch.close();
    }
    if (!this.#isStopped) throw storeErrors.fail('STORE_UNAVAILABLE', 'the watch ended');
  }

  /** On the shortest path from the store to the sink: nothing is awaited that need not be. */
  #tellBatch(batch: WatchBatch): void | Promise<void> {
    if (batch.events.length === 0) return this.#tellProgress(batch.revision);
    const updates: Update[] = [];
    for (const event of batch.events) {
      if (!hasPrefix(event.entry.key, this.#prefixes)) continue;
      const update = this.#mirror.takeEvent(event.entry.key.toString(), event);
      if (update !== undefined) updates.push(update);
    }
    this.revision = batch.revision;
    return updates.length > BATCH_UPDATES_MAX
      ? this.#tell(updates, batch.revision)
      : this.#tellOne(updates, batch.revision);
  }

  #tellProgress(revision: Revision): void | Promise<void> {
    this.revision = Math.max(this.revision, revision);
    this.#isProgressWanted = false;
    return guardSink(() => this.#options.sink.onUpdates([], this.revision));
  }

  /** In pieces, letting others run in between. */
  async #tell(updates: readonly Update[], revision: Revision): Promise<void> {
    for (let start = 0; start < updates.length && !this.#isStopped; start += BATCH_UPDATES_MAX) {
      await this.#tellOne(updates.slice(start, start + BATCH_UPDATES_MAX), revision);
      await nextTurn();
    }
  }

  #tellOne(updates: readonly Update[], revision: Revision): void | Promise<void> {
    if (updates.length === 0) return;
    return guardSink(() => this.#options.sink.onUpdates(updates, revision));
  }

  async #tellStatus(status: SyncStatus, revision: Revision): Promise<void> {
    if (this.status === status) return;
    this.status = status;
    await guardSink(() => this.#options.sink.onStatus(status, revision));
  }

  /** Said once when it breaks and once when it is whole again, not at each attempt. */
  #connected(problem: string | undefined): void {
    const { log } = this.#options;
    const { isConnected, sinceMs } = this.connection;
    this.#problem = problem;
    if (isConnected === (problem === undefined)) return;
    this.#changedAtMs = performance.now();
    if (problem === undefined) log.info({ sinceMs: Math.round(sinceMs) }, 'the store answers');
    else log.warn({ problem, revision: this.revision }, 'the store does not answer; what was told holds');
  }

  async #lost(error: unknown): Promise<void> {
    this.losses++;
    if (hasCode(error, 'STORE_COMPACTED')) this.#connected(undefined);
    else this.#connected((error as Error).message);
    this.#options.log.warn({ error: String(error), revision: this.revision }, 'lost the store, trying again');
    if (!hasCode(error, 'STORE_COMPACTED')) await this.#tellStatus('wait', this.revision);
    await this.#pause();
  }

  async #pause(): Promise<void> {
    const { backoffMinMs = BACKOFF_MIN_MS, backoffMaxMs = BACKOFF_MAX_MS } = this.#options;
    const ms = Math.min(backoffMinMs * 2 ** this.#failures++, backoffMaxMs);
    try {
      await sleep(ms * (0.5 + Math.random() / 2), undefined, { signal: this.#stopped.signal });
    } catch {
      // Stopped while waiting; the loop sees it.
    }
  }
}

/** Marks a sink's own error, which no retry of ours can cure. */
class SinkFailure extends Error {}

function guardSink(call: () => void | Promise<void>): void | Promise<void> {
  try {
    return call()?.catch(failed);
  } catch (error) {
    failed(error);
  }
}

function failed(cause: unknown): never {
  throw new SinkFailure('the sink failed', { cause });
}
