/**
 * Sets sysctls again that somebody changed: at once where the kernel tells (forwarding, reverse paths, proxies), else by looking every few seconds,
 * which takes a hundredth of the time at most, however many links there are. I/O.
 */
import type { Kernel } from '../../../kernel/kernel.ts';
import { inSlices } from '../../../kernel/netlink/serial.ts';
import type { Logger } from '../../../lib/log.ts';
import type { Clock } from '../clock.ts';
import type { Work } from '../nftables/work.ts';
import type { Sysctl } from './link-sysctls.ts';
import { RepairPace } from './repair-pace.ts';

export interface SysctlWatchParts {
  readonly kernel: Pick<Kernel, 'readSysctl' | 'writeSysctl'>;
  readonly clock: Clock;
  readonly log: Logger;
}

const lookIntervalMs = 3_000;
/** Reading one takes some twelve microseconds: a hundredth of the time. By count, for on a busy machine a clock would measure others' work. */
const restMsEach = 1.2;
/** What the kernel tells so soon after we set them is most likely what we did. */
const ownMs = 200;

export class SysctlWatch {
  readonly #parts: SysctlWatchParts;
  /** By the link's name; empty for the host's own. */
  readonly #wanted = new Map<string, readonly Sysctl[]>();
  readonly #setMs = new Map<string, number>();
  readonly #pace = new RepairPace();
  #timer: { cancel(): void } | undefined;
  #isClosed = false;

  constructor(parts: SysctlWatchParts) {
    this.#parts = parts;
  }

  /** What has been set; nothing forgets the link. */
  expect(link: string, sysctls: readonly Sysctl[]): void {
    if (sysctls.length === 0) {
      this.#wanted.delete(link);
      this.#setMs.delete(link);
    } else {
      this.#wanted.set(link, sysctls);
      this.#setMs.set(link, this.#parts.clock.now());
    }
    if (this.#timer === undefined && this.#wanted.size > 0) this.#arm(lookIntervalMs);
  }

  /** The kernel tells that some of the link's were changed. Who changes them all the time waits for the next look. */
  look(link: string): void {
    const nowMs = this.#parts.clock.now();
    const setMs = this.#setMs.get(link);
    if (this.#isClosed || setMs === undefined || nowMs < setMs + ownMs) return;
    if (!this.#pace.takeNow(link, nowMs)) return;
    for (const sysctl of this.#wanted.get(link) ?? []) this.#repair(sysctl);
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
    await inSlices(this.#repairAll());
    if (this.#isClosed || this.#wanted.size === 0) return;
    const count = [...this.#wanted.values()].reduce((sum, sysctls) => sum + sysctls.length, 0);
    this.#arm(Math.max(lookIntervalMs, restMsEach * count));
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
