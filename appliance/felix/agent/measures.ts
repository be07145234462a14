/** Counts what goes through the agent: updates of the store, messages to the dataplane, passes, and how long they took. Pure: the time is given. */
import type { SyncStatus, Update } from '../../datastore/syncer.ts';
import type { TimedWork } from '../dataplane/dataplane.ts';
import type { Flush } from '../model/messages.ts';
import { Summary } from '../status/metrics/summary.ts';
import { ProgramCounts } from './program-counts.ts';

/** Store key -> how kinds are counted: the plural of a resource, `other` for anything else. */
export function kindOfKey(key: string): string {
  return /^\/calico\/resources\/v3\/projectcalico\.org\/([a-z]+)\//.exec(key)?.[1] ?? 'other';
}

export class Measures {
  readonly updates = new Map<string, number>();
  readonly messages = new Map<string, number>();
  readonly updateSeconds = new Summary();
  readonly passSeconds = new Summary();
  readonly flushMessages = new Summary();
  readonly routeResyncSeconds = new Summary();
  readonly conntrackWaitSeconds = new Summary();
  readonly programs = new ProgramCounts();
  resyncs = 0;
  outputs = 0;
  /** How long the first pass took. */
  firstPassSeconds = 0;

  onStatus(status: SyncStatus): void {
    if (status === 'resync') this.resyncs++;
  }

  onUpdates(updates: readonly Update[], tookMs: number, nowMs: number): void {
    for (const { key } of updates) addOne(this.updates, kindOfKey(key));
    if (updates.length > 0) this.updateSeconds.observe(tookMs / 1000, nowMs);
  }

  onFlush({ messages }: Flush, nowMs: number): void {
    for (const { type } of messages) addOne(this.messages, type);
    this.outputs += messages.length;
    if (messages.length > 0) this.flushMessages.observe(messages.length, nowMs);
  }

  onTook(work: TimedWork, tookMs: number, nowMs: number): void {
    const summary = work === 'route-resync' ? this.routeResyncSeconds : this.conntrackWaitSeconds;
    summary.observe(tookMs / 1000, nowMs);
  }

  onPassEnd(tookMs: number, nowMs: number): void {
    if (this.firstPassSeconds === 0) this.firstPassSeconds = tookMs / 1000;
    this.passSeconds.observe(tookMs / 1000, nowMs);
  }
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
