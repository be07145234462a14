/** IP pools by their CIDR. If two resources claim one CIDR, the alphabetically first counts. Pure. */
import { compareText } from '#appliance/lib/collections/compare-text.ts';
import { DeltaTable } from '#appliance/lib/collections/delta.ts';
import type { IpPool, Message } from '../model/messages.ts';

export class IpPools {
  readonly #pools = new Map<string, IpPool>();
  readonly #table = new DeltaTable<string, IpPool>();

  /** Rows held; 0 when all has been removed and handed out. */
  get rows(): number {
    return this.#pools.size + this.#table.size + this.#table.pending;
  }

  get hasPending(): boolean {
    return this.#table.pending > 0;
  }

  /** Adds, replaces or, with undefined, removes the pool of a resource. */
  setPool(name: string, pool: IpPool | undefined): void {
    const before = this.#pools.get(name);
    if (pool === undefined) this.#pools.delete(name);
    else this.#pools.set(name, pool);
    if (before !== undefined) this.#refresh(before.cidr);
    if (pool !== undefined) this.#refresh(pool.cidr);
  }

  /** All of it is to be handed out again. */
  forgetSent(): void {
    this.#table.forgetSent();
  }

  *takeRemovals(): Generator<Message> {
    for (const [id] of this.#table.takeRemovals()) yield { type: 'ip-pool-remove', id };
  }

  *takeUpdates(): Generator<Message> {
    for (const [id, pool] of this.#table.takeUpdates()) yield { type: 'ip-pool-update', id, pool };
  }

  #refresh(cidr: string): void {
    let winner: string | undefined;
    for (const [name, pool] of this.#pools) {
      if (pool.cidr === cidr && (winner === undefined || compareText(name, winner) < 0)) winner = name;
    }
    if (winner === undefined) this.#table.delete(cidr);
    else this.#table.set(cidr, this.#pools.get(winner)!);
  }
}
