/**
 * The rhythm of a backend: flushes wait in a queue, passes work them off one at a time, a pass that fails is tried again after a while. I/O.
 * A pass starts at once when none is running and nothing failed; what arrives during a pass belongs to the next one.
 */
import type { Logger } from '../../lib/log.ts';
import type { Flush } from '../model/messages.ts';
import type { Clock } from './clock.ts';

export interface PassLoopParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes what came. A failure is a fault of ours: what was taken in part would be lost by going on. */
  readonly take: (flushes: readonly Flush[]) => Promise<void>;
  readonly pass: () => Promise<void>;
  /** A pass failed and will be tried again. */
  readonly onFailure?: (problem: string) => void;
}

const retryMinMs = 200;
const retryMaxMs = 30_000;

export class PassLoop {
  readonly #parts: PassLoopParts;
  #queue: Flush[] = [];
  #waiters: (() => void)[] = [];
  #isDue = false;
  #isClosed = false;
  #running: Promise<void> | undefined;
  #retryMs = retryMinMs;
  #retry: { cancel(): void } | undefined;

  constructor(parts: PassLoopParts) {
    this.#parts = parts;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  accept(flush: Flush): void {
    this.#queue.push(flush);
    this.#retry?.cancel();
    this.#retry = undefined;
    this.wake();
  }

  settled(): Promise<void> {
    if (!this.#isBusy()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Something is to be done in a pass. */
  wake(): void {
    this.#isDue = true;
    if (this.#isClosed || this.#running !== undefined || this.#retry !== undefined) return;
    this.#running = this.#run().then(() => {
      this.#running = undefined;
      if (this.#isBusy() && this.#retry === undefined && !this.#isClosed) this.wake();
      else if (!this.#isBusy()) this.#release();
    });
  }

  /** Waits for a pass that runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#retry?.cancel();
    await this.#running;
    this.#release();
  }

  #isBusy(): boolean {
    return this.#running !== undefined || this.#queue.length > 0 || this.#isDue;
  }

  async #run(): Promise<void> {
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      const flushes = this.#queue;
      this.#queue = [];
      await this.#parts.take(flushes);
      try {
        await this.#parts.pass();
        this.#retryMs = retryMinMs;
      } catch (error) {
        if (!this.#isClosed) this.#scheduleRetry(error);
        return;
      }
    }
  }

  #scheduleRetry(error: unknown): void {
    this.#isDue = true;
    const delayMs = this.#retryMs;
    this.#retryMs = Math.min(retryMaxMs, delayMs * 2);
    const problem = error instanceof Error ? error.message : String(error);
    this.#parts.onFailure?.(problem);
    this.#parts.log.error({ problem, retryInMs: delayMs }, 'the kernel does not take our rules');
    this.#retry = this.#parts.clock.after(delayMs, () => {
      this.#retry = undefined;
      this.wake();
    });
  }

  #release(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}
