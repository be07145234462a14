/**
 * The nftables dataplane: takes the graph's flushes and brings the kernel to them in passes, one at a time. I/O.
 * A pass starts at once when none is running; what arrives meanwhile is taken by the next one. docs/design/dataplane.md has the contract.
 */
import type { Revision } from '../../../datastore/store.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import { inSlices } from '../../../kernel/netlink/serial.ts';
import type { Logger } from '../../../lib/log.ts';
import type { FelixConfig } from '../../model/config.ts';
import type { Flush } from '../../model/messages.ts';
import { isCompiledMap } from '../../render/compiled/layout.ts';
import { dispatchMaps } from '../../render/dispatch.ts';
import { standingSets } from '../../render/set-layout.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Dataplane, DataplaneReports, DataplaneSizes, TimedWork } from '../dataplane.ts';
import { type FlowRound, LiveFlows } from '../flows/live-flows.ts';
import type { Hits } from '../hits.ts';
import { HostSide } from '../linux/host-side.ts';
import { InterfaceTable } from '../linux/interface-table.ts';
import { PassLoop } from '../pass-loop.ts';
import type { PassWatch } from '../pass-watch.ts';
import { RefreshTimers } from '../refresh-timers.ts';
import { RefusalReports } from '../refusal-reports.ts';
import { DesiredState } from './desired-state.ts';
import { ForeignChanges } from './foreign-changes.ts';
import { assignHits } from './hits.ts';
import type { PassStats } from './table-writer.ts';
import { TableWriter } from './table-writer.ts';
import type { Work } from './work.ts';

export interface NftablesDataplaneOptions {
  readonly kernel: Kernel;
  readonly hostname: string;
  readonly reports: DataplaneReports;
  readonly log: Logger;
  readonly tableName?: string;
  /** Called after each pass; for benches. */
  readonly onPass?: (stats: PassStats & { readonly totalMs: number }) => void;
  /** Called after live flows were judged; for tests and benches. */
  readonly onFlowRound?: (round: FlowRound) => void;
  /** Told how long these took. */
  readonly onTook?: ((work: TimedWork, ms: number) => void) | undefined;
  readonly clock?: Clock;
  /** Told of each pass. */
  readonly watch?: PassWatch;
  /** How many CIDRs of one length an IP set may have as intervals; for tests. */
  readonly hashedLengthMin?: number | undefined;
  /** Endpoints' policies as chains of rules, and not compiled: what the compiled form is compared with. */
  readonly isLinear?: boolean | undefined;
  /** How many cells a list may have before it stays linear; for tests. */
  readonly compiledCostMax?: number | undefined;
}

const refusedRetryMs = 60_000;

/** A dataplane that enforces with nftables, routes and sysctls of the kernel it is given. */
export function createNftablesDataplane(options: NftablesDataplaneOptions): Dataplane {
  return new NftablesDataplane(options);
}

class NftablesDataplane implements Dataplane {
  readonly #options: NftablesDataplaneOptions;
  readonly #clock: Clock;
  readonly #desired: DesiredState;
  readonly #interfaces: InterfaceTable;
  readonly #host: HostSide;
  readonly #writer: TableWriter;
  readonly #foreign: ForeignChanges;
  readonly #flows: LiveFlows;
  readonly #refusals: RefusalReports;
  #revision: Revision | undefined;
  #isOpen = false;
  #isCheckDue = false;
  readonly #timers: RefreshTimers;
  readonly #loop: PassLoop;

  constructor(options: NftablesDataplaneOptions) {
    const { kernel, reports, log } = options;
    this.#options = options;
    this.#refusals = new RefusalReports(reports, log);
    this.#clock = options.clock ?? systemClock;
    this.#timers = new RefreshTimers(this.#clock);
    this.#loop = new PassLoop({
      clock: this.#clock,
      log,
      take: (flushes) => inSlices(this.#take(flushes)),
      pass: () => this.#passIfReady(),
      onFailure: (problem) => options.watch?.end(problem),
    });
    this.#desired = new DesiredState(options);
    this.#interfaces = new InterfaceTable({
      kernel,
      log,
      onChange: (name) => this.#onInterface(name),
      onRoute: (event) => {
        if (this.#host.onRoute(event)) this.#loop.wake();
      },
      onNeighbour: (event) => {
        if (this.#host.onNeighbour(event)) this.#loop.wake();
      },
      onSettings: (name) => this.#host.onSettings(name),
    });
    this.#host = new HostSide({
      kernel,
      log,
      reports,
      desired: this.#desired,
      interfaces: this.#interfaces,
      clock: this.#clock,
      onDue: () => this.#loop.wake(),
      onTook: options.onTook,
    });
    this.#flows = new LiveFlows({
      kernel,
      log,
      clock: this.#clock,
      world: this.#desired,
      interfaces: () => this.#interfaces.interfaces(),
      onRound: options.onFlowRound,
      onSuspects: (areThere) => {
        this.#desired.hasSuspects = areThere;
        this.#loop.wake();
      },
    });
    this.#writer = new TableWriter({
      nft: kernel.nft,
      table: options.tableName ?? 'calico',
      desired: this.#desired,
      log,
      settle: () => this.#settle(),
    });
    this.#foreign = new ForeignChanges({
      nft: kernel.nft,
      table: options.tableName ?? 'calico',
      clock: this.#clock,
      log,
      onDue: () => this.#loop.wake(),
    });
  }

  accept(flush: Flush): void {
    this.#loop.accept(flush);
  }

  settled(): Promise<void> {
    return this.#loop.settled();
  }

  async readHits(): Promise<Hits> {
    const { kernel, tableName = 'calico' } = this.#options;
    return assignHits(await kernel.nft.dumpCounters(tableName), this.#desired.ruleOwners());
  }

  sizes(): DataplaneSizes {
    const { chains, counters, netSets } = this.#desired;
    const compiled = [...netSets.names()].filter(isCompiledMap).length;
    return {
      nftables: {
        chains: chains.writtenCount,
        rules: chains.writtenRules,
        sets: standingSets().length + netSets.writtenCount - compiled,
        maps: dispatchMaps.length + compiled,
        counters: counters.writtenCount,
        transactions: this.#writer.transactions,
        readings: this.#writer.readings,
      },
      routes: this.#host.routeSizes(),
    };
  }

  async close(): Promise<void> {
    this.#timers.close();
    this.#host.close();
    this.#foreign.close();
    await this.#loop.close();
    await this.#flows.close();
    this.#interfaces.close();
  }

  #onInterface(name: string | undefined): void {
    this.#desired.markInterfacesChanged();
    this.#host.onInterface(name);
    if (this.#isOpen) this.#loop.wake();
  }

  async #passIfReady(): Promise<void> {
    const { isInSync, config } = this.#desired;
    if (isInSync && config !== undefined) await this.#pass(config);
  }

  *#take(flushes: readonly Flush[]): Work {
    for (const { revision, messages } of flushes) {
      for (const message of messages) {
        this.#host.onMessage(message);
        yield* this.#desired.accept(message);
        this.#flows.onMessage(message);
      }
      this.#revision = revision;
      yield;
    }
  }

  #settle(): Promise<void> {
    return inSlices(this.#desired.settle(() => this.#interfaces.interfaces()));
  }

  async #pass(config: FelixConfig): Promise<void> {
    await this.#options.watch?.begin();
    const startMs = this.#clock.now();
    const revision = this.#revision;
    if (!this.#isOpen) await this.#open();
    this.#setTimers(config);
    if (this.#isCheckDue) await this.#writer.check();
    this.#isCheckDue = false;
    const repair = this.#foreign.take();
    if (repair !== undefined) await this.#writer.repair(repair);
    await this.#settle();
    await this.#host.removeBefore(config);
    const { problem, stats } = await this.#writer.write();
    if (problem !== undefined) {
      await this.#writer.forget();
      throw new Error(problem);
    }
    if (repair !== undefined) this.#foreign.onRepaired(repair, this.#clock.now() - startMs);
    this.#refusals.tell(this.#desired.refusedPolicies());
    await this.#host.addAfter(config);
    this.#flows.onApplied();
    if (revision !== undefined) this.#options.reports.onApplied(revision);
    this.#options.watch?.end();
    this.#options.onPass?.({ ...stats, totalMs: this.#clock.now() - startMs });
  }

  async #open(): Promise<void> {
    await this.#interfaces.open();
    await this.#flows.open();
    this.#foreign.open();
    this.#isOpen = true;
  }

  /** With each pass: the configuration may be another. */
  #setTimers(config: FelixConfig): void {
    this.#timers.set('refused', refusedRetryMs, () => {
      if (this.#desired.refused.size === 0) return;
      this.#desired.markRefusedAgain();
      this.#loop.wake();
    });
    this.#timers.set('table', config.nftablesRefreshIntervalMs, () => {
      this.#isCheckDue = true;
      this.#loop.wake();
    });
    this.#timers.set('routes', config.routeRefreshIntervalMs, () => {
      this.#host.resync();
      this.#loop.wake();
    });
    this.#timers.set('interfaces', config.interfaceRefreshIntervalMs, () => this.#interfaces.check());
  }
}
