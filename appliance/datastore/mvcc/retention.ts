/** How much history is kept by itself: a number of revisions, and all of a span of time, up to a larger number. Pure. */
import type { Revision } from '../store.ts';

export interface RetentionLimits {
  /** Always kept. */
  readonly revisions: number;
  /** What is younger is kept too ... */
  readonly ageMs: number;
  /** ... but never more revisions than this, or than are always kept. */
  readonly revisionsMax: number;
}

export const defaultRetention: RetentionLimits = { revisions: 10_000, ageMs: 10 * 60_000, revisionsMax: 500_000 };

interface Sample {
  readonly atMs: number;
  readonly revision: Revision;
}

const samplesPerAge = 20;

/** Remembers which revision was reached when, and names the revision that may become the oldest. */
export class Retention {
  readonly #limits: RetentionLimits;
  #samples: Sample[] = [];

  constructor(limits: RetentionLimits) {
    this.#limits = { ...limits, revisionsMax: Math.max(limits.revisionsMax, limits.revisions) };
  }

  /** The revision to compact at, once that frees a tenth of what is always kept; undefined when it is not worth it yet. */
  due(revision: Revision, compacted: Revision, nowMs: number): Revision | undefined {
    this.#sample(revision, nowMs);
    const { revisions, revisionsMax } = this.#limits;
    const wanted = Math.max(Math.min(revision - revisions, this.#oldest(nowMs)), revision - revisionsMax);
    return wanted - compacted > Math.max(1, revisions / 10) ? wanted : undefined;
  }

  #sample(revision: Revision, atMs: number): void {
    const last = this.#samples.at(-1);
    if (last === undefined || atMs - last.atMs >= this.#limits.ageMs / samplesPerAge)
      this.#samples.push({ atMs, revision });
  }

  /** The newest revision known to be too old to be kept for its age; 0 when there is none. */
  #oldest(nowMs: number): Revision {
    const isOld = (sample: Sample) => nowMs - sample.atMs >= this.#limits.ageMs;
    const found = this.#samples.findLast(isOld);
    if (found !== undefined) this.#samples = this.#samples.filter((sample) => sample === found || !isOld(sample));
    return found?.revision ?? 0;
  }
}
