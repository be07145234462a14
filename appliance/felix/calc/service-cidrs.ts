/** The CIDRs of services, from BGPConfiguration `default`: what is sent there and is nobody's must not go round in circles. Pure. */
import { DeltaTable } from '#appliance/lib/collections/delta.ts';
import type { Message } from '../model/messages.ts';

export class ServiceCidrs {
  readonly #table = new DeltaTable<string, true>();
  #present: readonly string[] = [];

  /** Rows held; 0 when all has been removed and handed out. */
  get rows(): number {
    return this.#table.size + this.#table.pending;
  }

  get hasPending(): boolean {
    return this.#table.pending > 0;
  }

  setCidrs(cidrs: readonly string[]): void {
    for (const cidr of this.#present) if (!cidrs.includes(cidr)) this.#table.delete(cidr);
    for (const cidr of cidrs) this.#table.set(cidr, true);
    this.#present = cidrs;
  }

  /** All of it is to be handed out again. */
  forgetSent(): void {
    this.#table.forgetSent();
  }

  *takeRemovals(): Generator<Message> {
    for (const [cidr] of this.#table.takeRemovals()) yield { type: 'service-cidr-remove', cidr };
  }

  *takeUpdates(): Generator<Message> {
    for (const [cidr] of this.#table.takeUpdates()) yield { type: 'service-cidr-update', cidr };
  }
}
