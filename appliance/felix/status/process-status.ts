/**
 * The heartbeat: this host's status under a lease, and the last one for good. I/O through the store.
 * Source: Felix's process status (`status` with a TTL, `last_reported_status` without).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../datastore/store.ts';
import { hasCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { StatusPrefixes } from './keys.ts';

export interface Timing {
  /** 0 turns the heartbeat off. */
  readonly intervalMs: number;
  readonly ttlMs: number;
}

export interface ProcessStatusOptions {
  readonly store: Store;
  readonly prefixes: () => StatusPrefixes;
  /** False while nothing may be written to the store. */
  readonly mayWrite: () => boolean;
  readonly now: () => Date;
  readonly log: Logger;
}

export interface ProcessStatus {
  /** The next report follows at once. */
  configure(timing: Timing): void;
  /** Leaves the last report to its lease. */
  close(): Promise<void>;
}

/** Reports nothing before it is configured. */
export function startProcessStatus(options: ProcessStatusOptions): ProcessStatus {
  const startedAt = performance.now();
  const closing = new AbortController();
  let waking = new AbortController();
  let timing: Timing = { intervalMs: 0, ttlMs: 0 };
  let lease: { readonly id: bigint; readonly ttlMs: number } | undefined;
  let isFirst = true;
  const running = run();

  return {
    configure(next) {
      timing = next;
      waking.abort();
    },
    async close() {
      closing.abort();
      await running;
    },
  };

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      if (timing.intervalMs > 0 && options.mayWrite()) await tryReport(timing.ttlMs);
      const signal = AbortSignal.any([closing.signal, waking.signal]);
      await sleep(timing.intervalMs > 0 ? timing.intervalMs : idleMs, undefined, { signal }).catch(() => undefined);
      if (waking.signal.aborted) waking = new AbortController();
    }
  }

  async function tryReport(ttlMs: number): Promise<void> {
    try {
      await report(ttlMs);
      isFirst = false;
    } catch (error) {
      options.log.debug({ error: String(error) }, 'heartbeat not written; will try again');
    }
  }

  async function report(ttlMs: number): Promise<void> {
    const { store, prefixes, now } = options;
    const { active, lastReported } = prefixes();
    const uptime = (performance.now() - startedAt) / 1000;
    const time = `${now().toISOString().slice(0, 19)}Z`;
    const value = Buffer.from(JSON.stringify({ time, uptime, first_update: isFirst }));
    const lease = await renewLease(ttlMs);
    // one transaction: the store syncs its disk once
    const success = [
      { type: 'put', key: Buffer.from(active), value, lease },
      { type: 'put', key: Buffer.from(lastReported), value },
    ] as const;
    await store.txn({ compare: [], success, failure: [] });
  }

  /** One lease serves all reports: its clock starts anew. A lease of another length is left to run out. */
  async function renewLease(ttlMs: number): Promise<bigint> {
    const { store } = options;
    if (lease?.ttlMs === ttlMs) {
      try {
        await store.leaseKeepAlive(lease.id);
        return lease.id;
      } catch (error) {
        if (!hasCode(error, 'STORE_LEASE_NOT_FOUND')) throw error;
      }
    }
    const { id } = await store.leaseGrant(Math.max(1, Math.trunc(ttlMs / 1000)));
    lease = { id, ttlMs };
    return id;
  }
}

/** Until somebody configures it. */
const idleMs = 3_600_000;
