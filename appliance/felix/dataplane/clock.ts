/** Time as the dataplane needs it: injected, so that tests move it. I/O in `systemClock` only. */

export interface Clock {
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** Calls `then` once; the timer does not keep the process alive. */
  after(delayMs: number, then: () => void): { cancel(): void };
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, then) {
    const timer = setTimeout(then, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
