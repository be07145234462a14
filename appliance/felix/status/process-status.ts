/**
 * The heartbeat: this host's status under a lease, and the last one for good. I/O through the store.
 * Source: Felix's process status (`status` with a TTL, `last_reported_status` without).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../datastore/store.ts';
import type { Logger } from '../../lib/log.ts';
import type { StatusPrefixes } from './keys.ts';

export interface ProcessStatusOptions {
  readonly store: Store;
  readonly prefixes: StatusPrefixes;
  /** 0 turns the heartbeat off. */
  readonly intervalMs: number;
  readonly ttlMs: number;
  readonly log: Logger;
}

/** Starts reporting; the first report follows at once. */
export function startProcessStatus(options: ProcessStatusOptions): { close(): Promise<void> } {
  const abort = new AbortController();
  const running = options.intervalMs > 0 ? run(options, abort.signal) : Promise.resolve();
  return {
    async close() {
      abort.abort();
      await running;
    },
  };
}

async function run(options: ProcessStatusOptions, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  let isFirst = true;
  while (!signal.aborted) {
    try {
      await report(options, (performance.now() - startedAt) / 1000, isFirst);
      isFirst = false;
    } catch (error) {
      options.log.debug({ error: String(error) }, 'heartbeat not written; will try again');
    }
    await sleep(options.intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

async function report(options: ProcessStatusOptions, uptimeSeconds: number, isFirst: boolean): Promise<void> {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  const value = Buffer.from(JSON.stringify({ time, uptime: uptimeSeconds, first_update: isFirst }));
  const lease = await options.store.leaseGrant(Math.max(1, Math.trunc(options.ttlMs / 1000)));
  await options.store.put(Buffer.from(options.prefixes.active), value, { lease: lease.id });
  await options.store.put(Buffer.from(options.prefixes.lastReported), value);
}
