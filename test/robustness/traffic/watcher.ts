/**
 * One watcher: records all it is told, takes up again where it was whenever its watch ends, and now and then lets go by itself. I/O.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Watch } from '#appliance/datastore/store.ts';
import type { Random } from '#test/kernel/verdicts/random.ts';
import type { WatchRecord } from '../history.ts';
import { rangeBytes, recordEvent } from '../record.ts';
import type { Recorder } from '../recorder.ts';
import type { TestedStore } from '../target.ts';
import { codeOf } from './ask.ts';

const retryMs = 30;
const askMs = 100;

export interface WatcherOptions {
  readonly name: string;
  readonly store: TestedStore;
  readonly recorder: Recorder;
  readonly random: Random;
  readonly key: string;
  readonly end: string;
  readonly prevKv: boolean;
  /** 0: from now on. */
  readonly start: number;
  /** How long it may dawdle over a batch. */
  readonly pauseMsMax: number;
  /** How often it lets go of its watch after a batch, and for how long at most. */
  readonly leaves?: { readonly probability: number; readonly awayMsMax: number };
}

export class Watcher {
  readonly #options: WatcherOptions;
  readonly #stop = new AbortController();
  #next: number;
  #watch: Watch | undefined;
  #isHurried = false;
  #running: Promise<void> | undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#next = options.start;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Everything up to here has been told; 0 when nothing is known. */
  get reached(): number {
    return Math.max(0, this.#next - 1);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Waits until everything up to `revision` has been told; false when that takes too long. */
  async reach(revision: number, timeoutMs: number): Promise<boolean> {
    this.#isHurried = true;
    const endMs = performance.now() + timeoutMs;
    while (this.reached < revision && performance.now() < endMs) {
      this.#watch?.requestProgress();
      await sleep(askMs);
    }
    return this.reached >= revision;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#watch?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const record = this.#begin();
      try {
        await this.#follow(record);
        record.ending = 'closed';
      } catch (error) {
        record.ending = codeOf(error);
      }
      this.#watch = undefined;
      record.ended = this.#options.recorder.now();
      if (record.ending === 'STORE_COMPACTED') this.#next = 0;
      await this.#pause(record.ending === 'closed' ? (this.#options.leaves?.awayMsMax ?? 0) : retryMs);
    }
  }

  #begin(): WatchRecord {
    const { name: watcher, key, end, prevKv, recorder } = this.#options;
    const record: WatchRecord = {
      ...{ watcher, key, end, prevKv, start: this.#next, knownAtCall: recorder.known, call: recorder.now() },
      ...{ opened: Number.MAX_SAFE_INTEGER, batches: [], ended: 0, ending: '' },
    };
    recorder.watches.push(record);
    return record;
  }

  async #follow(record: WatchRecord): Promise<void> {
    const { store, recorder, random, leaves, pauseMsMax } = this.#options;
    const request = { ...rangeBytes(record), prevKv: record.prevKv, startRevision: record.start };
    const watch = await store.watch(request, this.#stop.signal);
    record.opened = recorder.now();
    this.#watch = watch;
    for await (const { revision, events } of watch) {
      record.batches.push({ at: recorder.now(), revision, events: events.map(recordEvent) });
      recorder.told(revision);
      this.#next = revision + 1;
      if (!this.#isHurried && leaves !== undefined && random.chance(leaves.probability)) break;
      if (random.chance(0.02)) watch.requestProgress();
      await this.#pause(pauseMsMax);
    }
    watch.close();
  }

  async #pause(msMax: number): Promise<void> {
    if (msMax === 0 || this.#stop.signal.aborted) return;
    await sleep(this.#isHurried ? Math.min(msMax, retryMs) : this.#options.random.below(msMax));
  }
}
