/**
 * Keeps a few keys of the store equal to what is wanted: coalesces by key, writes at its own pace, repairs what lies below its prefixes.
 * Status is never an input of anything; losing the store only makes it late. I/O through the store.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { prefixEnd, type Store } from '../../datastore/store.ts';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';

export interface StatusWriterOptions {
  readonly store: Store;
  /** Least time between two rounds of writing; asked before each. */
  readonly delayMs: () => number;
  /** Pause after a failure. */
  readonly retryMs?: number;
  /** False while nothing may be written to the store. */
  readonly mayWrite: () => boolean;
  readonly log: Logger;
}

export interface StatusWriter {
  /** What the key should hold from now on; `undefined` for nothing. Returns at once. */
  set(key: string, value: string | undefined): void;
  /** Reads what is stored below these prefixes, deletes what nobody set and repairs what differs. */
  sweep(prefixes: readonly string[]): void;
  close(): Promise<void>;
}

const RETRY_MS = 1_000;

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { store, delayMs, mayWrite, log, retryMs = RETRY_MS } = options;
  const wanted = new Map<string, string>();
  const dirty = new Set<string>();
  const unswept = new Set<string>();
  const abort = new AbortController();
  let running: Promise<void> | undefined;

  return {
    set(key, value) {
      if (wanted.get(key) === value && !dirty.has(key)) return;
      if (value === undefined) wanted.delete(key);
      else wanted.set(key, value);
      dirty.add(key);
      start();
    },
    sweep(prefixes) {
      for (const prefix of prefixes) unswept.add(prefix);
      start();
    },
    async close() {
      abort.abort();
      await running;
    },
  };

  function hasWork(): boolean {
    return (dirty.size > 0 || unswept.size > 0) && !abort.signal.aborted;
  }

  function start(): void {
    if (running !== undefined || !hasWork()) return;
    running = run().finally(() => {
      running = undefined;
      start();
    });
  }

  async function run(): Promise<void> {
    while (hasWork()) {
      const isWritten = mayWrite() && (await tryWrite());
      const pauseMs = isWritten ? delayMs() : Math.max(delayMs(), retryMs);
      await sleep(pauseMs, undefined, { signal: abort.signal }).catch(() => undefined);
    }
  }

  async function tryWrite(): Promise<boolean> {
    try {
      for (const prefix of [...unswept]) await readBelow(prefix);
      for (const key of [...dirty]) if (!abort.signal.aborted) await write(key);
      return true;
    } catch (error) {
      log.debug({ error: String(error) }, 'status not written; will try again');
      return false;
    }
  }

  /** A key that changes meanwhile stays dirty. One that the store will never take is given up, so that it does not hold up the others. */
  async function write(key: string): Promise<void> {
    const value = wanted.get(key);
    try {
      if (value === undefined) await store.delete({ key: Buffer.from(key) });
      else await store.put(Buffer.from(key), Buffer.from(value));
    } catch (error) {
      if (!(error instanceof AppError) || error.retry !== 'never') throw error;
      log.warn({ key, code: error.code }, 'status refused by the store');
    }
    if (wanted.get(key) === value) dirty.delete(key);
  }

  async function readBelow(prefix: string): Promise<void> {
    const key = Buffer.from(prefix);
    const { entries } = await store.range({ key, rangeEnd: prefixEnd(key) });
    const stored = new Map(entries.map((entry) => [entry.key.toString('utf8'), entry.value.toString('utf8')]));
    for (const [name, value] of stored) if (wanted.get(name) !== value) dirty.add(name);
    for (const name of wanted.keys()) if (name.startsWith(prefix) && !stored.has(name)) dirty.add(name);
    unswept.delete(prefix);
  }
}
