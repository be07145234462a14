/** A sink that keeps what it is told, checks the rules of telling, and lets a test wait for a state. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SyncSink, SyncStatus, Update } from '#appliance/datastore/syncer.ts';

export class Recorder implements SyncSink {
  readonly content = new Map<string, string>();
  readonly updates: Update[] = [];
  readonly statuses: SyncStatus[] = [];
  readonly faults: string[] = [];
  /** The revisions told without updates. */
  readonly progress: number[] = [];
  readonly #revisions = new Map<string, number>();
  #busy = false;

  onUpdates(updates: readonly Update[], revision: number): void {
    if (updates.length === 0) this.progress.push(revision);
    if (this.#busy) this.faults.push('calls overlap');
    if (updates.length > 500) this.faults.push(`${updates.length} updates at once`);
    for (const update of updates) this.#take(update);
  }

  async onStatus(status: SyncStatus): Promise<void> {
    this.#busy = true;
    this.statuses.push(status);
    await sleep(1);
    this.#busy = false;
  }

  get status(): SyncStatus | undefined {
    return this.statuses.at(-1);
  }

  /** Resolves once `condition` holds; fails after `timeoutMs`. */
  async until(condition: (recorder: Recorder) => boolean, timeoutMs = 40_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!condition(this)) {
      if (Date.now() > end)
        throw new Error(`not reached: ${JSON.stringify([this.statuses, [...this.content].slice(0, 9)])}`);
      await sleep(5);
    }
  }

  #take(update: Update): void {
    this.updates.push(update);
    const before = this.#revisions.get(update.key) ?? 0;
    if (update.revision < before) this.faults.push(`${update.key} went back from ${before} to ${update.revision}`);
    if (update.revision === before) this.faults.push(`${update.key} was told twice at ${before}`);
    this.#revisions.set(update.key, update.revision);
    if (update.value === undefined) this.content.delete(update.key);
    else this.content.set(update.key, update.value.toString());
  }
}
