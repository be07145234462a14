/** The clock port of the store: lease expiry and retention read no other. The system one is the process's monotonic clock. I/O. */

/** Time as a count of milliseconds from anywhere, never backwards. */
export interface StoreClock {
  nowMs(): number;
  /** Runs once after a delay; the result cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** The process's own clock. Its timers do not keep the process alive. */
export const systemStoreClock: StoreClock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until told; for tests. */
export class ManualStoreClock implements StoreClock {
  #nowMs = 0;
  readonly #waiting = new Set<{ readonly dueMs: number; readonly run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const waiter = { dueMs: this.#nowMs + delayMs, run };
    this.#waiting.add(waiter);
    return () => this.#waiting.delete(waiter);
  }

  /** Moves time on and runs what is due, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number) {
    const due = [...this.#waiting].filter((waiter) => waiter.dueMs <= endMs);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}
