/**
 * What a dataplane is at right now, for whoever watches that it still gets somewhere: backends tell it when a pass begins and how it ended.
 * It is also where tests make a pass late or endless. I/O: the clock.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface PassTrouble {
  /** Every pass begins so much later. */
  readonly delayMs: number;
  /** After so long since the start no pass gets further; 0 for never. */
  readonly hangAfterMs: number;
}

export interface PassCount {
  readonly passes: number;
  readonly failures: number;
}

export class PassWatch {
  readonly #createdMs = performance.now();
  readonly #trouble: () => PassTrouble;
  #beganMs: number | undefined;
  #problem: string | undefined;
  #passes = 0;
  #failures = 0;
  #onEnd: ((ms: number) => void) | undefined;

  constructor(trouble: () => PassTrouble = () => ({ delayMs: 0, hangAfterMs: 0 })) {
    this.#trouble = trouble;
  }

  /** To be awaited: a pass begins. */
  async begin(): Promise<void> {
    this.#beganMs = performance.now();
    const { delayMs, hangAfterMs } = this.#trouble();
    if (delayMs > 0) await sleep(delayMs);
    if (hangAfterMs > 0 && performance.now() - this.#createdMs > hangAfterMs) await new Promise(() => undefined);
  }

  /** The pass is over; `problem` says why it failed, and stays until one succeeds. */
  end(problem?: string): void {
    const ms = this.busyMs;
    this.#beganMs = undefined;
    this.#problem = problem;
    this.#passes++;
    if (problem !== undefined) this.#failures++;
    this.#onEnd?.(ms);
  }

  /** Told after each pass how long it took. */
  onEnd(then: (ms: number) => void): void {
    this.#onEnd = then;
  }

  /** How long the pass under way has taken so far; 0 between passes. */
  get busyMs(): number {
    return this.#beganMs === undefined ? 0 : performance.now() - this.#beganMs;
  }

  /** Why the last pass failed. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get count(): PassCount {
    return { passes: this.#passes, failures: this.#failures };
  }
}
