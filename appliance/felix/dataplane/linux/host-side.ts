/**
 * What a workload needs of the host besides rules: routes, neighbours, sysctls; and the status of endpoints. I/O.
 * Order makes it safe: what goes loses its route and its connections before its rules change, what comes gets its route after its rules.
 */
import type { Kernel } from '../../../kernel/kernel.ts';
import type { Logger } from '../../../lib/log.ts';
import type { Message } from '../../model/messages.ts';
import type { DataplaneReports } from '../dataplane.ts';
import type { Clock } from '../nftables/backend.ts';
import type { DesiredState } from '../nftables/desired-state.ts';
import type { InterfaceTable } from './interface-table.ts';

export interface HostSideParts {
  readonly kernel: Kernel;
  readonly log: Logger;
  readonly reports: DataplaneReports;
  readonly desired: DesiredState;
  readonly interfaces: InterfaceTable;
  readonly clock: Clock;
  /** Something is to be done in a pass. */
  readonly onDue: () => void;
}

export class HostSide {
  readonly #parts: HostSideParts;
  constructor(parts: HostSideParts) {
    this.#parts = parts;
  }

  onMessage(_message: Message): void {}
  onInterface(_name: string | undefined): void {}
  async removeBefore(): Promise<void> {}
  async addAfter(): Promise<void> {
    void this.#parts;
  }
  close(): void {}
}
