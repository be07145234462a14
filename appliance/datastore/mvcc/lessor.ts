/** The clock side of leases: which one is due when. Durable facts are in the state; a restart gives each lease its full time again. I/O. */
import type { StoreClock } from './clock.ts';

/** Counts down the granted leases and says which have run out. */
export class Lessor {
  readonly #clock: StoreClock;
  readonly #expired: (ids: bigint[]) => void;
  readonly #dueMs = new Map<bigint, number>();
  #timer: { readonly dueMs: number; readonly cancel: () => void } | undefined;

  /** `expired` is called once a timer finds leases run out; it must take them away or call again later. */
  constructor(clock: StoreClock, expired: (ids: bigint[]) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** Starts or restarts the time of a lease. */
  start(id: bigint, ttlSeconds: number): void {
    const dueMs = this.#clock.nowMs() + ttlSeconds * 1000;
    this.#dueMs.set(id, dueMs);
    this.#arm(dueMs);
  }

  remove(id: bigint): void {
    this.#dueMs.delete(id);
  }

  isExpired(id: bigint): boolean {
    return (this.#dueMs.get(id) ?? Number.POSITIVE_INFINITY) <= this.#clock.nowMs();
  }

  /** Whole seconds left, at least 0. */
  remainingSeconds(id: bigint): number {
    return Math.max(0, Math.floor(((this.#dueMs.get(id) ?? 0) - this.#clock.nowMs()) / 1000));
  }

  /** Looks again after a while, for leases that could not be taken away. */
  retry(delayMs: number): void {
    this.#arm(this.#clock.nowMs() + delayMs);
  }

  close(): void {
    this.#timer?.cancel();
    this.#dueMs.clear();
  }

  #arm(dueMs: number): void {
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.cancel();
    const delayMs = Math.max(0, dueMs - this.#clock.nowMs());
    this.#timer = { dueMs, cancel: this.#clock.after(delayMs, () => this.#check()) };
  }

  #check(): void {
    this.#timer = undefined;
    const expired = [...this.#dueMs.keys()].filter((id) => this.isExpired(id));
    let nextMs = Number.POSITIVE_INFINITY;
    for (const dueMs of this.#dueMs.values()) if (dueMs > this.#clock.nowMs()) nextMs = Math.min(nextMs, dueMs);
    if (nextMs < Number.POSITIVE_INFINITY) this.#arm(nextMs);
    if (expired.length > 0) this.#expired(expired);
  }
}
