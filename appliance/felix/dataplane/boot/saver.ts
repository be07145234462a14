/**
 * Keeps the file for the next boot like the kernel: after a pass that changed something the table is copied and written, at once when the last time is long
 * past, else once for all that happens until it is. So a busy host spends at most a twentieth of its time on it, and a quiet one is saved right away. I/O.
 */
import type { Kernel } from '../../../kernel/kernel.ts';
import type { Programs } from '../../../kernel/programs.ts';
import type { Logger } from '../../../lib/log.ts';
import { type Clock, systemClock } from '../clock.ts';
import { removeSavedFiles, writeSavedFile } from './ruleset-files.ts';
import { printHead } from './saved-ruleset.ts';

export interface SaverOptions {
  readonly kernel: Pick<Kernel, 'nft'>;
  readonly directory: string;
  readonly table?: string;
  /** Of this program. */
  readonly version: string;
  readonly now: () => Date;
  readonly log: Logger;
  /** Of iptables; absent: nftables is all there is. */
  readonly openPrograms?: (() => Programs) | undefined;
  readonly clock?: Clock;
}

export interface RulesetSaver {
  /** After each pass, with what it changed. */
  onPass(stats: { readonly operations: number }): void;
  /** For `GET /status`. */
  readonly status: SaverStatus;
  /** Saves what is not saved yet. */
  close(): Promise<void>;
}

/** Undefined before the first time; `problem` of the last attempt. */
export interface SaverStatus {
  readonly savedAt?: string;
  readonly bytes?: number;
  readonly problem?: string;
}

const pauseMinMs = 500;
/** The pause to the next time, in times of what the last one took. */
const pauseFactor = 20;
const retryMs = 30_000;

export function createRulesetSaver(options: SaverOptions): RulesetSaver {
  return new Saver(options);
}

class Saver implements RulesetSaver {
  readonly #options: SaverOptions;
  readonly #clock: Clock;
  #status: SaverStatus = {};
  #sum: string | undefined;
  /** The first pass finds what an earlier run left, and may not change anything. */
  #isDue = true;
  #timer: { cancel(): void } | undefined;
  #running: Promise<void> | undefined;
  #isPausing = false;
  #hasPassed = false;

  constructor(options: SaverOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get status(): SaverStatus {
    return this.#status;
  }

  onPass({ operations }: { readonly operations: number }): void {
    this.#hasPassed = true;
    if (operations > 0) this.#isDue = true;
    this.#wake();
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#running;
    this.#timer?.cancel();
    this.#isPausing = true;
    if (this.#isDue && this.#hasPassed) await this.#save();
  }

  #wake(): void {
    if (!this.#isDue || this.#isPausing || this.#running !== undefined) return;
    this.#running = this.#save().then((pauseMs) => {
      this.#running = undefined;
      this.#pause(pauseMs);
    });
  }

  #pause(ms: number): void {
    this.#isPausing = true;
    this.#timer = this.#clock.after(ms, () => {
      this.#isPausing = false;
      this.#wake();
    });
  }

  /** Resolves to how long to wait before the next time; never rejects: the kernel goes on as it is. */
  async #save(): Promise<number> {
    const startMs = this.#clock.now();
    this.#isDue = false;
    try {
      await this.#write();
      return Math.max(pauseMinMs, pauseFactor * (this.#clock.now() - startMs));
    } catch (error) {
      this.#isDue = true;
      const problem = error instanceof Error ? error.message : String(error);
      if (this.#status.problem !== problem)
        this.#options.log.warn({ problem }, 'the ruleset cannot be saved for the next boot');
      this.#status = { ...this.#status, problem };
      return retryMs;
    }
  }

  async #write(): Promise<void> {
    const { kernel, directory, table = 'calico', version, now } = this.#options;
    const found = await kernel.nft.copyTable(table);
    const copy = found ?? (await this.#copyIptables());
    if (copy === undefined) {
      removeSavedFiles(directory);
      this.#sum = undefined;
      this.#status = {};
      return;
    }
    const savedAt = now().toISOString();
    const form = found === undefined ? 'iptables' : 'nftables';
    const { head, sum } = printHead(copy, { form, version, savedAt });
    if (sum !== this.#sum) await writeSavedFile(directory, head, copy);
    this.#sum = sum;
    this.#status = { savedAt, bytes: copy.length };
  }

  /** Only where there is no table of ours in nf_tables. */
  async #copyIptables(): Promise<Buffer | undefined> {
    const programs = this.#options.openPrograms?.();
    if (programs === undefined) return undefined;
    try {
      return await (await import('./iptables-copy.ts')).copyIptables(programs);
    } finally {
      programs.close();
    }
  }
}
