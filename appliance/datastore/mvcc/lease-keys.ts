/** Leases and the keys attached to each, both ways in step with the key index. Pure. */
import type { Key } from './keys.ts';

interface Lease {
  readonly ttlSeconds: number;
  readonly keys: Set<Key>;
}

/** The granted leases, committed state only. */
export class LeaseKeys {
  readonly #leases = new Map<bigint, Lease>();

  ids(): bigint[] {
    return [...this.#leases.keys()];
  }

  ttlSeconds(id: bigint): number | undefined {
    return this.#leases.get(id)?.ttlSeconds;
  }

  keys(id: bigint): Key[] {
    return [...(this.#leases.get(id)?.keys ?? [])].sort((a, b) => (a < b ? -1 : 1));
  }

  grant(id: bigint, ttlSeconds: number): void {
    this.#leases.set(id, { ttlSeconds, keys: new Set() });
  }

  remove(id: bigint): void {
    this.#leases.delete(id);
  }

  /** Moves a key from one lease to another; 0n is no lease. */
  move(key: Key, from: bigint, to: bigint): void {
    if (from === to) return;
    this.#leases.get(from)?.keys.delete(key);
    this.#leases.get(to)?.keys.add(key);
  }
}
