/**
 * The dataplane as the agent sees it: one backend or the other, as the configuration says, and a change of mind while it runs. I/O.
 * The old backend ends and leaves the kernel as it is; the new one is told everything again and puts its own rules beside them; only when these are
 * in place what the other left goes. So there is no moment without rules.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Programs } from '../../kernel/programs.ts';
import type { Logger } from '../../lib/log.ts';
import type { FelixConfig } from '../model/config.ts';
import type { Flush } from '../model/messages.ts';
import type { PolicyId } from '../model/policy.ts';
import type { BackendName, HostAbilities } from './choose.ts';
import { chooseBackend } from './choose.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import type { Dataplane, DataplaneReports, DataplaneSizes } from './dataplane.ts';
import type { Hits } from './hits.ts';
import { removeIptables, removeNftTable } from './leftovers.ts';

export interface ChosenDataplaneOptions {
  readonly kernel: Kernel;
  /** Absent: there is nftables only, and nothing of the other backend is looked for. */
  readonly openPrograms?: (() => Programs) | undefined;
  readonly hasNft: boolean;
  readonly reports: DataplaneReports;
  readonly log: Logger;
  readonly open: (name: BackendName, reports: DataplaneReports) => Dataplane;
  /** Called within `accept()`: everything is to be said again from here on, `in-sync` last. */
  readonly announceAnew: () => void;
  /** What the other backend left is gone. */
  readonly onCleaned?: () => void;
  readonly clock?: Clock;
}

/** So long the old backend may still work on what it was told. */
const settlingMaxMs = 10_000;
const noHits: Hits = { rules: [], others: [] };
const cleaningAttempts = 5;
const cleaningRetryMs = 5_000;

export function createChosenDataplane(options: ChosenDataplaneOptions): ChosenDataplane {
  return new ChosenDataplane(options);
}

export class ChosenDataplane implements Dataplane {
  readonly #options: ChosenDataplaneOptions;
  readonly #clock: Clock;
  readonly #abilities: HostAbilities;
  readonly #refused = new Map<string, PolicyId>();
  #target: BackendName | undefined;
  #current: Dataplane | undefined;
  #switching: Promise<void> | undefined;
  #cleaning: Promise<void> | undefined;
  #waiting: Flush[] = [];
  readonly #closing = new AbortController();

  constructor(options: ChosenDataplaneOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#abilities = { hasNft: options.hasNft, mayRunPrograms: options.openPrograms !== undefined };
  }

  /** Undefined before there is a configuration. */
  get backend(): BackendName | undefined {
    return this.#target;
  }

  accept(flush: Flush): void {
    for (const message of flush.messages) if (message.type === 'config-update') this.#choose(message.config);
    if (this.#switching !== undefined || this.#current === undefined) this.#waiting.push(flush);
    else this.#current.accept(flush);
  }

  async settled(): Promise<void> {
    do {
      await this.#switching;
      await this.#current?.settled();
      await this.#cleaning;
    } while (this.#switching !== undefined);
  }

  /** What the backend counts; nothing while there is none, or where it counts nothing. */
  readHits(): Promise<Hits> {
    return this.#current?.readHits?.() ?? Promise.resolve(noHits);
  }

  sizes(): DataplaneSizes {
    return this.#current?.sizes?.() ?? { routes: [] };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#switching;
    await this.#current?.close();
    await this.#cleaning;
  }

  #choose(config: FelixConfig): void {
    const name = chooseBackend(config, this.#abilities);
    if (name === this.#target) return;
    const isFirst = this.#target === undefined;
    this.#target = name;
    this.#options.log.info({ backend: name }, isFirst ? 'rules go to' : 'rules go to another backend from now on');
    if (isFirst) this.#open();
    else {
      this.#options.announceAnew();
      this.#waiting = [];
      this.#switching ??= this.#switch();
    }
  }

  async #switch(): Promise<void> {
    const old = this.#current;
    await this.#settleFor(settlingMaxMs, old);
    await old?.close();
    await this.#cleaning;
    for (const id of this.#refused.values()) this.#options.reports.onPolicyStatus(id, undefined);
    this.#refused.clear();
    this.#switching = undefined;
    if (this.#closing.signal.aborted) return;
    this.#open();
  }

  async #settleFor(limitMs: number, dataplane: Dataplane | undefined): Promise<void> {
    if (dataplane === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const limit = this.#clock.after(limitMs, resolve);
    this.#closing.signal.addEventListener('abort', () => resolve(), { once: true });
    await Promise.race([dataplane.settled(), promise]);
    limit.cancel();
  }

  #open(): void {
    const name = this.#target as BackendName;
    this.#current = this.#options.open(name, this.#watch(name));
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const flush of waiting) this.#current.accept(flush);
  }

  /** Every report goes on. The first time everything is applied, the new backend's rules are in place. */
  #watch(name: BackendName): Required<DataplaneReports> {
    const { reports } = this.#options;
    let isInPlace = false;
    return {
      onWorkloadEndpointStatus: (id, status) => reports.onWorkloadEndpointStatus(id, status),
      onHostEndpointStatus: (id, status) => reports.onHostEndpointStatus(id, status),
      onWorkloadMtu: (mtuBytes) => reports.onWorkloadMtu?.(mtuBytes),
      onWireguardKey: (family, publicKey) => reports.onWireguardKey?.(family, publicKey),
      onPolicyStatus: (id, problem) => {
        if (problem === undefined) this.#refused.delete(JSON.stringify(id));
        else this.#refused.set(JSON.stringify(id), id);
        reports.onPolicyStatus(id, problem);
      },
      onApplied: (revision) => {
        if (!isInPlace) this.#cleanUp(name);
        isInPlace = true;
        reports.onApplied(revision);
      },
    };
  }

  #cleanUp(name: BackendName): void {
    if (!this.#abilities.mayRunPrograms) return;
    const cleaning = this.#clean(name).finally(() => {
      if (this.#cleaning === cleaning) this.#cleaning = undefined;
    });
    this.#cleaning = cleaning;
  }

  async #clean(name: BackendName): Promise<void> {
    for (let attempt = 1; !this.#closing.signal.aborted; attempt++) {
      try {
        await this.#removeOther(name);
        this.#options.onCleaned?.();
        return;
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        this.#options.log.warn({ problem, attempt }, 'what the other backend left cannot be removed');
        if (attempt === cleaningAttempts) return;
        await sleep(cleaningRetryMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }

  async #removeOther(name: BackendName): Promise<void> {
    const { kernel, log, openPrograms } = this.#options;
    if (name === 'iptables') {
      await removeNftTable(kernel);
      return;
    }
    const programs = openPrograms?.();
    if (programs === undefined) return;
    const abort = () => programs.close();
    this.#closing.signal.addEventListener('abort', abort, { once: true });
    try {
      await removeIptables(programs, log);
    } finally {
      this.#closing.signal.removeEventListener('abort', abort);
      programs.close();
    }
  }
}
