/** Repairs of one thing at most once a second: whoever else wants it otherwise may be a program that answers as fast as we do. Pure: it is told the time. */

const paceMs = 1_000;
/** Forgotten when there are more, as far as they are old. */
const keptMax = 1_000;

export class RepairPace {
  readonly #lastMs = new Map<string, number>();

  /** From now until it may be repaired, which is taken as done then. */
  delayMs(key: string, nowMs: number): number {
    const last = this.#lastMs.get(key);
    const dueMs = last === undefined ? nowMs : Math.max(nowMs, last + paceMs);
    this.#lastMs.set(key, dueMs);
    if (this.#lastMs.size > keptMax) this.#forget(nowMs);
    return dueMs - nowMs;
  }

  /** It may be repaired now, which is taken as done. */
  takeNow(key: string, nowMs: number): boolean {
    const last = this.#lastMs.get(key);
    return (last === undefined || nowMs >= last + paceMs) && this.delayMs(key, nowMs) === 0;
  }

  #forget(nowMs: number): void {
    for (const [key, lastMs] of this.#lastMs) if (lastMs + paceMs < nowMs) this.#lastMs.delete(key);
  }
}
