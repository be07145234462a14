/** How soon something may be written again that goes on changing: at once as a rule, ever more seldom when it does not come to rest. Pure: it is told the time. */

export interface PaceOptions {
  /** Between the first two writes; doubled with each further one within the window. */
  readonly minMs: number;
  readonly maxMs: number;
  /** A write that is older does not count. */
  readonly windowMs: number;
}

export class WritePace {
  readonly #options: PaceOptions;
  #writesMs: number[] = [];

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** From now until the next write may be. */
  delayMs(nowMs: number): number {
    const { minMs, maxMs, windowMs } = this.#options;
    this.#writesMs = this.#writesMs.filter((writtenMs) => writtenMs > nowMs - windowMs);
    const last = this.#writesMs.at(-1);
    if (last === undefined) return 0;
    const spacingMs = Math.min(maxMs, minMs * 2 ** (this.#writesMs.length - 1));
    return Math.max(0, last + spacingMs - nowMs);
  }

  onWritten(nowMs: number): void {
    this.#writesMs.push(nowMs);
  }
}
