/**
 * Hears of what others do to our table and has it restored: decides when, and says so in the log without flooding it. I/O through the kernel's
 * follower and the clock; the restoring itself is a pass of the backend.
 */
import type { Nft, NftChange } from '../../../kernel/kernel.ts';
import type { Logger } from '../../../lib/log.ts';
import type { Clock } from '../clock.ts';
import { RestoreGuard } from './restore-guard.ts';

export interface ForeignChangesParts {
  readonly nft: Pick<Nft, 'follow'>;
  readonly table: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The table is to be restored in a pass now. */
  readonly onDue: () => void;
}

/** `rewrite`: it was changed; `compare`: it may have been. */
export type Repair = 'rewrite' | 'compare';

/** Named in one line of the log. */
const authorsMax = 3;
const quarrelLogMs = 60_000;

export class ForeignChanges {
  readonly #parts: ForeignChangesParts;
  readonly #guard = new RestoreGuard();
  #follower: { close(): void } | undefined;
  #timer: { cancel(): void } | undefined;
  #repair: Repair | undefined;
  #authors = new Set<string>();
  #sinceMs = 0;
  #quarrelLoggedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ForeignChangesParts) {
    this.#parts = parts;
  }

  /** Before the table is read for the first time, so that nothing falls between. */
  open(): void {
    const { nft, table } = this.#parts;
    this.#follower ??= nft.follow(table, (change) => this.#hear(change));
  }

  close(): void {
    this.#follower?.close();
    this.#timer?.cancel();
  }

  /** What the pass that begins is to do about it; what is heard from now on is for a later one. */
  take(): Repair | undefined {
    const nowMs = this.#parts.clock.now();
    if (this.#repair === undefined || this.#timer !== undefined) return undefined;
    const delayMs = this.#guard.delayMs(nowMs);
    if (delayMs > 0) {
      this.#arm(delayMs);
      return undefined;
    }
    const repair = this.#repair;
    this.#repair = undefined;
    return repair;
  }

  onRepaired(repair: Repair, tookMs: number): void {
    const nowMs = this.#parts.clock.now();
    this.#guard.onRestored(nowMs, tookMs);
    this.#tell(repair, nowMs);
    this.#authors = new Set();
  }

  #hear(change: NftChange): void {
    if (this.#authors.size === 0) this.#sinceMs = this.#parts.clock.now();
    if (change.type === 'changed' && this.#authors.size < authorsMax) this.#authors.add(change.by);
    this.#repair = change.type === 'changed' ? 'rewrite' : (this.#repair ?? 'compare');
    if (this.#timer === undefined) this.#parts.onDue();
  }

  #arm(delayMs: number): void {
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#parts.onDue();
    });
  }

  /** Of a quarrel one line a minute. */
  #tell(repair: Repair, nowMs: number): void {
    const { log, table } = this.#parts;
    const by = [...this.#authors];
    const afterMs = Math.round(nowMs - this.#sinceMs);
    if (this.#guard.isQuarrel(nowMs)) {
      if (nowMs - this.#quarrelLoggedMs < quarrelLogMs) return;
      this.#quarrelLoggedMs = nowMs;
      log.warn(
        { table, by, restorations: this.#guard.count },
        'somebody keeps changing our table; it is restored once a second',
      );
    } else if (repair === 'rewrite') {
      log.warn({ table, by, afterMs }, 'somebody changed our table; it is restored');
    }
  }
}
