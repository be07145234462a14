/**
 * How soon our table is restored after somebody else changed it: at once as a rule, and at intervals when it keeps happening, so that two who
 * disagree about the rules do not keep the machine busy. Pure: it is told the time.
 */

/** Never later than this, whatever it costs. */
const waitMsMax = 2_000;
/** Restoring takes at most this share of the time, as long as the limit above allows. */
const restShare = 5;
/** More restorations than these within the window are a quarrel. */
const windowMs = 10_000;
const restorationsMax = 20;
const quarrelWaitMs = 1_000;

export class RestoreGuard {
  readonly #endsMs: number[] = [];
  #tookMs = 0;
  #count = 0;

  /** Restorations so far. */
  get count(): number {
    return this.#count;
  }

  /** From now until the table may be restored. */
  delayMs(nowMs: number): number {
    const last = this.#endsMs.at(-1);
    return last === undefined ? 0 : Math.max(0, last + this.#waitMs(nowMs) - nowMs);
  }

  isQuarrel(nowMs: number): boolean {
    while (this.#endsMs.length > 1 && this.#endsMs[0]! <= nowMs - windowMs) this.#endsMs.shift();
    return this.#endsMs.length > restorationsMax;
  }

  onRestored(nowMs: number, tookMs: number): void {
    this.#endsMs.push(nowMs);
    this.#tookMs = tookMs;
    this.#count++;
  }

  #waitMs(nowMs: number): number {
    const rest = Math.min(waitMsMax, this.#tookMs * restShare);
    return this.isQuarrel(nowMs) ? Math.max(rest, quarrelWaitMs) : rest;
  }
}
