/**
 * When rules and IP sets are read again: soon after somebody else wrote where that is announced, every few seconds where it is not; and never so often that
 * reading takes more than its share of the time. I/O: the clock alone.
 */
import type { Clock } from '../clock.ts';

export type Reading = 'tables' | 'sets';

export interface ReadingsParts {
  readonly clock: Clock;
  /** Something is to be read in a pass now. */
  readonly onDue: () => void;
}

/** Who writes may write more in the next moment. */
const settlingMs = 100;
/** Reading may take this share of the time, and is not done more often than that. */
const shareMax = 0.1;
const announcedMinMs = 1_000;
const unannouncedMinMs = 2_000;
/** The quickest of so many counts: now and then one has to wait for the processor. */
const costsKept = 4;

export class Readings {
  readonly #of: Readonly<Record<Reading, Schedule>>;

  constructor(parts: ReadingsParts) {
    this.#of = { tables: new Schedule(parts), sets: new Schedule(parts) };
  }

  /** With each pass: the longest time between two readings, 0 for no end; and whether what others write is announced. */
  set(reading: Reading, longestMs: number, isAnnounced: boolean): void {
    this.#of[reading].set(longestMs, isAnnounced);
  }

  /** In the next pass. */
  mark(reading: Reading): void {
    this.#of[reading].isDue = true;
  }

  /** Somebody may have written. */
  hear(reading: Reading): void {
    this.#of[reading].hear();
  }

  /** Whether it is to be read in the pass that begins; what is heard from now on is for a later one. */
  take(reading: Reading): boolean {
    return this.#of[reading].take();
  }

  onRead(reading: Reading, tookMs: number): void {
    this.#of[reading].onRead(tookMs);
  }

  close(): void {
    for (const schedule of Object.values(this.#of)) schedule.close();
  }
}

class Schedule {
  isDue = false;
  readonly #parts: ReadingsParts;
  readonly #costsMs: number[] = [];
  #longestMs = 0;
  #isAnnounced = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  #regular: { cancel(): void } | undefined;
  #heard: { cancel(): void } | undefined;
  #isClosed = false;

  constructor(parts: ReadingsParts) {
    this.#parts = parts;
  }

  set(longestMs: number, isAnnounced: boolean): void {
    if (longestMs === this.#longestMs && isAnnounced === this.#isAnnounced) return;
    this.#longestMs = longestMs;
    this.#isAnnounced = isAnnounced;
    this.#arm();
  }

  hear(): void {
    if (this.#heard !== undefined || this.#isClosed) return;
    const earliestMs = this.#lastMs + Math.max(announcedMinMs, this.#restMs());
    const delayMs = Math.max(settlingMs, earliestMs - this.#parts.clock.now());
    this.#heard = this.#parts.clock.after(delayMs, () => {
      this.#heard = undefined;
      this.#fall();
    });
  }

  take(): boolean {
    const isDue = this.isDue;
    this.isDue = false;
    return isDue;
  }

  onRead(tookMs: number): void {
    this.#costsMs.push(tookMs);
    if (this.#costsMs.length > costsKept) this.#costsMs.shift();
    this.#lastMs = this.#parts.clock.now();
    this.#arm();
  }

  close(): void {
    this.#isClosed = true;
    this.#regular?.cancel();
    this.#heard?.cancel();
  }

  #fall(): void {
    this.isDue = true;
    this.#parts.onDue();
  }

  #arm(): void {
    this.#regular?.cancel();
    if (this.#isClosed || this.#longestMs <= 0) return;
    const cheapMs = this.#isAnnounced ? this.#longestMs : Math.max(unannouncedMinMs, this.#restMs());
    this.#regular = this.#parts.clock.after(Math.min(this.#longestMs, cheapMs), () => this.#fall());
  }

  #restMs(): number {
    return this.#costsMs.length === 0 ? 0 : Math.min(...this.#costsMs) / shareMax;
  }
}
