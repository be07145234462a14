/** What the dataplane knows of the hosts of the cluster. Pure. */
import { DeltaTable } from '#appliance/lib/collections/delta.ts';
import type { HostMetadata, Message } from '../model/messages.ts';

export class Hosts {
  readonly #table = new DeltaTable<string, HostMetadata>();

  /** Rows held; 0 when all has been removed and handed out. */
  get rows(): number {
    return this.#table.size + this.#table.pending;
  }

  get hasPending(): boolean {
    return this.#table.pending > 0;
  }

  /** Adds, replaces or, with undefined, removes a host. */
  setHost(name: string, metadata: HostMetadata | undefined): void {
    if (metadata === undefined) this.#table.delete(name);
    else this.#table.set(name, metadata);
  }

  /** All of it is to be handed out again. */
  forgetSent(): void {
    this.#table.forgetSent();
  }

  *takeRemovals(): Generator<Message> {
    for (const [host] of this.#table.takeRemovals()) yield { type: 'host-metadata-remove', host };
  }

  *takeUpdates(): Generator<Message> {
    for (const [host, metadata] of this.#table.takeUpdates()) yield { type: 'host-metadata-update', host, metadata };
  }
}
