/**
 * Looks again every few seconds whether the sysctls we set still have their values, and sets them again: the kernel announces most changes to
 * nobody. I/O. A look takes a fiftieth of the time at most, however many links there are.
 */
import type { Kernel } from '../../../kernel/kernel.ts';
import { inSlices } from '../../../kernel/netlink/serial.ts';
import type { Logger } from '../../../lib/log.ts';
import type { Clock } from '../clock.ts';
import type { Work } from '../nftables/work.ts';
import type { Sysctl } from './link-sysctls.ts';

export interface SysctlWatchParts {
  readonly kernel: Pick<Kernel, 'readSysctl' | 'writeSysctl'>;
  readonly clock: Clock;
  readonly log: Logger;
}

const lookIntervalMs = 3_000;
const restShare = 50;

export class SysctlWatch {
  readonly #parts: SysctlWatchParts;
  /** By the link's name; empty for the host's own. */
  readonly #wanted = new Map<string, readonly Sysctl[]>();
  #timer: { cancel(): void } | undefined;
  #isClosed = false;

  constructor(parts: SysctlWatchParts) {
    this.#parts = parts;
  }

  /** What has been set; nothing forgets the link. */
  expect(link: string, sysctls: readonly Sysctl[]): void {
    if (sysctls.length === 0) this.#wanted.delete(link);
    else this.#wanted.set(link, sysctls);
    if (this.#timer === undefined && this.#wanted.size > 0) this.#arm(lookIntervalMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #arm(delayMs: number): void {
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const startMs = this.#parts.clock.now();
    await inSlices(this.#repairAll());
    if (this.#isClosed || this.#wanted.size === 0) return;
    this.#arm(Math.max(lookIntervalMs, restShare * (this.#parts.clock.now() - startMs)));
  }

  *#repairAll(): Work {
    for (const [link, sysctls] of [...this.#wanted]) {
      if (this.#isClosed || this.#wanted.get(link) !== sysctls) continue;
      for (const sysctl of sysctls) this.#repair(sysctl);
      yield;
    }
  }

  /** One that is not there went with its link, or was never there. */
  #repair({ path, value }: Sysctl): void {
    const { kernel, log } = this.#parts;
    const found = kernel.readSysctl(path);
    if (found === undefined || found === value) return;
    const problem = kernel.writeSysctl(path, value);
    log.warn(
      { path, found, value, ...(problem === undefined ? {} : { problem }) },
      'somebody changed a sysctl; it is set again',
    );
  }
}
