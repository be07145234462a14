/**
 * How often somebody may: a bucket of tokens for each key, which fills steadily. Memory is bounded: of too many keys the one not heard of
 * for longest is forgotten, which leaves it a full bucket. Pure but for the map.
 */

export interface BucketOptions {
  readonly ratePerSecond: number;
  /** Most that may come at once. */
  readonly burst: number;
  readonly keysMax?: number;
}

export interface Buckets {
  /** Takes one, or says after how many milliseconds there is one again. 0: taken. */
  take(key: string, nowMs: number): number;
  /** As `take()`, without taking. */
  look(key: string, nowMs: number): number;
}

const keysMaxDefault = 10_000;

export function createBuckets({ ratePerSecond, burst, keysMax = keysMaxDefault }: BucketOptions): Buckets {
  const buckets = new Map<string, { level: number; atMs: number }>();
  const levelOf = (key: string, nowMs: number) => {
    const bucket = buckets.get(key);
    if (bucket === undefined) return burst;
    // a clock that was set back fills nothing, and empties nothing
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    return Math.min(burst, bucket.level + (passedMs * ratePerSecond) / 1000);
  };
  const waitOf = (level: number) => (level >= 1 ? 0 : Math.ceil(((1 - level) * 1000) / ratePerSecond));
  return {
    look: (key, nowMs) => waitOf(levelOf(key, nowMs)),
    take(key, nowMs) {
      const level = levelOf(key, nowMs);
      const waitMs = waitOf(level);
      buckets.delete(key);
      buckets.set(key, { level: waitMs === 0 ? level - 1 : level, atMs: nowMs });
      if (buckets.size > keysMax) buckets.delete(buckets.keys().next().value!);
      return waitMs;
    },
  };
}
