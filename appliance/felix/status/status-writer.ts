/**
 * Keeps a few keys of the store equal to what is wanted: coalesces by key, writes at its own pace, repairs what lies below its prefixes.
 * Status is never an input of anything; losing the store only makes it late. I/O through the store.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { prefixEnd, type Store } from '../../datastore/store.ts';
import type { Logger } from '../../lib/log.ts';

export interface StatusWriter {
  /** What the key should hold from now on; `undefined` for nothing. Returns at once. */
  set(key: string, value: string | undefined): void;
  /** From now on every key below these prefixes that nobody set is deleted. */
  owns(prefixes: readonly string[]): void;
  close(): Promise<void>;
}

export function createStatusWriter(options: { store: Store; delayMs: number; log: Logger }): StatusWriter {
  const { store, delayMs, log } = options;
  const wanted = new Map<string, string>();
  const dirty = new Set<string>();
  const abort = new AbortController();
  let unswept: readonly string[] = [];
  let running: Promise<void> | undefined;

  return {
    set(key, value) {
      if (wanted.get(key) === value && !dirty.has(key)) return;
      if (value === undefined) wanted.delete(key);
      else wanted.set(key, value);
      dirty.add(key);
      start();
    },
    owns(prefixes) {
      unswept = prefixes;
      start();
    },
    async close() {
      abort.abort();
      await running;
    },
  };

  function start(): void {
    if (running !== undefined || abort.signal.aborted) return;
    running = run().finally(() => {
      running = undefined;
      if (dirty.size > 0 || unswept.length > 0) start();
    });
  }

  async function run(): Promise<void> {
    while ((dirty.size > 0 || unswept.length > 0) && !abort.signal.aborted) {
      try {
        await sweep();
        await writeDirty();
      } catch (error) {
        log.debug({ error: String(error) }, 'status not written; will try again');
      }
      await sleep(delayMs, undefined, { signal: abort.signal }).catch(() => undefined);
    }
  }

  async function writeDirty(): Promise<void> {
    for (const key of [...dirty]) {
      const value = wanted.get(key);
      if (value === undefined) await store.delete({ key: Buffer.from(key) });
      else await store.put(Buffer.from(key), Buffer.from(value));
      if (wanted.get(key) === value) dirty.delete(key);
    }
  }

  /** Reads what an earlier life left: deletes the stale, marks the differing. */
  async function sweep(): Promise<void> {
    for (const prefix of unswept) {
      const key = Buffer.from(prefix);
      const { entries } = await store.range({ key, rangeEnd: prefixEnd(key) });
      for (const entry of entries) {
        const name = entry.key.toString('utf8');
        if (wanted.get(name) !== entry.value.toString('utf8')) dirty.add(name);
      }
    }
    unswept = [];
  }
}
