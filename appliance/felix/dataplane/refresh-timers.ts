/** Work that is due again and again, each at a period of its own that may change while it runs. I/O: the clock alone. */
import type { Clock } from './clock.ts';

interface Periodic {
  readonly periodMs: number;
  readonly timer: { cancel(): void } | undefined;
}

export class RefreshTimers {
  readonly #clock: Clock;
  readonly #periodics = new Map<string, Periodic>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A period of zero means never. A new period counts from now on; the same one changes nothing. */
  set(name: string, periodMs: number, then: () => void): void {
    const known = this.#periodics.get(name);
    if (this.#isClosed || known?.periodMs === periodMs) return;
    known?.timer?.cancel();
    this.#arm(name, periodMs, then);
  }

  /** For good. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#periodics.values()) timer?.cancel();
    this.#periodics.clear();
  }

  #arm(name: string, periodMs: number, then: () => void): void {
    const fire = () => {
      this.#arm(name, periodMs, then);
      then();
    };
    const timer = periodMs > 0 ? this.#clock.after(periodMs, fire) : undefined;
    this.#periodics.set(name, { periodMs, timer });
  }
}
