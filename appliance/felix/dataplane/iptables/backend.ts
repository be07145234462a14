/**
 * The iptables dataplane: takes the graph's flushes and brings rules and IP sets of both families to them in passes. I/O.
 * Order makes a pass safe: routes that go, sets and members that come, rules (a transaction a table), members and sets that go, routes that come.
 * docs/design/iptables.md has the contract.
 */
import type { Revision } from '../../../datastore/store.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import { inSlices } from '../../../kernel/netlink/serial.ts';
import type { Programs } from '../../../kernel/programs.ts';
import type { Logger } from '../../../lib/log.ts';
import type { FelixConfig } from '../../model/config.ts';
import type { Flush } from '../../model/messages.ts';
import { tableNames } from '../../render/iptables/rule.ts';
import type { Ruleset } from '../../render/iptables/ruleset.ts';
import { ownerText } from '../../render/iptables/ruleset.ts';
import type { Family } from '../../render/match.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Dataplane, DataplaneReports, DataplaneSizes, TimedWork } from '../dataplane.ts';
import { LiveFlows } from '../flows/live-flows.ts';
import type { Hits } from '../hits.ts';
import { removeVariant } from '../leftovers.ts';
import { HostSide } from '../linux/host-side.ts';
import { InterfaceTable } from '../linux/interface-table.ts';
import { PassLoop } from '../pass-loop.ts';
import type { PassWatch } from '../pass-watch.ts';
import { RefreshTimers } from '../refresh-timers.ts';
import { RefusalReports } from '../refusal-reports.ts';
import { IptablesState } from './desired-state.ts';
import { countHits } from './hits.ts';
import { type Reading, Readings } from './readings.ts';
import { families } from './set-state.ts';
import { SetWriter } from './set-writer.ts';
import type { RuleRefusal } from './table-writer.ts';
import { TableWriter } from './table-writer.ts';
import type { IptablesVariant } from './tools.ts';
import { chooseVariant } from './tools.ts';

export interface IptablesDataplaneOptions {
  readonly kernel: Kernel;
  readonly programs: Programs;
  readonly hostname: string;
  readonly reports: DataplaneReports;
  readonly log: Logger;
  /** Told how long these took. */
  readonly onTook?: ((work: TimedWork, ms: number) => void) | undefined;
  readonly clock?: Clock;
  /** Told of each pass. */
  readonly watch?: PassWatch;
  /** Called after each pass. */
  readonly onPass?: (stats: IptablesPassStats) => void;
}

export interface IptablesPassStats {
  /** Lines given to iptables-restore and ipset. */
  readonly lines: number;
  readonly totalMs: number;
}

const refusedRetryMs = 60_000;
/** So long a program that runs may go on when we are to end. */
const closingMaxMs = 3_000;
/** Of a policy each round may find one rule more. */
const roundsMax = 100;

/** A dataplane that enforces with iptables, ipset, routes and sysctls of the host it is given. */
export function createIptablesDataplane(options: IptablesDataplaneOptions): Dataplane {
  return new IptablesDataplane(options);
}

interface Writers {
  readonly variant: IptablesVariant;
  /** What was asked for when they were opened. */
  readonly wanted: FelixConfig['iptablesBackend'];
  readonly sets: SetWriter;
  /** Without IPv6 where the host has none and is not to have it. */
  readonly tables: ReadonlyMap<Family, TableWriter>;
}

class IptablesDataplane implements Dataplane {
  readonly #options: IptablesDataplaneOptions;
  readonly #clock: Clock;
  readonly #desired: IptablesState;
  readonly #interfaces: InterfaceTable;
  readonly #host: HostSide;
  readonly #flows: LiveFlows;
  readonly #loop: PassLoop;
  readonly #timers: RefreshTimers;
  readonly #readings: Readings;
  #afterWrite: { cancel(): void } | undefined;
  #follower: { close(): void } | undefined;
  readonly #refusals: RefusalReports;
  #writers: Writers | undefined;
  #revision: Revision | undefined;
  #isOpen = false;
  /** The variant whose rules are in place, and no others of ours. */
  #inPlace: IptablesVariant | undefined;

  constructor(options: IptablesDataplaneOptions) {
    const { kernel, reports, log } = options;
    this.#options = options;
    this.#refusals = new RefusalReports(reports, log);
    this.#clock = options.clock ?? systemClock;
    this.#desired = new IptablesState(options.hostname);
    this.#timers = new RefreshTimers(this.#clock);
    this.#readings = new Readings({ clock: this.#clock, onDue: () => this.#loop.wake() });
    this.#loop = new PassLoop({
      clock: this.#clock,
      log,
      take: (flushes) => inSlices(this.#take(flushes)),
      pass: () => this.#passIfReady(),
      onFailure: (problem) => options.watch?.end(problem),
    });
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
    this.#flows = new LiveFlows({
      kernel,
      log,
      clock: this.#clock,
      world: this.#desired.flowWorld(),
      interfaces: () => this.#interfaces.interfaces(),
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
  }

  accept(flush: Flush): void {
    this.#loop.accept(flush);
  }

  settled(): Promise<void> {
    return this.#loop.settled();
  }

  async readHits(): Promise<Hits> {
    const writers = this.#writers;
    if (writers === undefined) return { rules: [], others: [] };
    const saves = await Promise.all(Array.from(writers.tables.values(), (table) => table.readCounters()));
    return countHits(saves, this.#desired.rulesets, this.#desired);
  }

  sizes(): DataplaneSizes {
    const used = [...(this.#writers?.tables.keys() ?? [])];
    const tables = used.flatMap((family) => sizesOf(family, this.#desired.rulesetOf(family)));
    return { iptables: { tables, ipSets: this.#desired.sets.counts() }, routes: this.#host.routeSizes() };
  }

  async close(): Promise<void> {
    this.#host.close();
    this.#timers.close();
    this.#readings.close();
    this.#afterWrite?.cancel();
    const limit = this.#clock.after(closingMaxMs, () => this.#options.programs.close());
    await this.#loop.close();
    this.#follower?.close();
    await this.#flows.close();
    limit.cancel();
    this.#options.programs.close();
    this.#interfaces.close();
  }

  #onInterface(name: string | undefined): void {
    this.#desired.markInterfacesChanged();
    this.#host.onInterface(name);
    if (this.#isOpen) this.#loop.wake();
  }

  *#take(flushes: readonly Flush[]): Generator<undefined, void> {
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

  async #passIfReady(): Promise<void> {
    const { isInSync, config } = this.#desired;
    if (isInSync && config !== undefined) await this.#pass(config);
  }

  async #pass(config: FelixConfig): Promise<void> {
    const startMs = this.#clock.now();
    const revision = this.#revision;
    await this.#options.watch?.begin();
    if (!this.#isOpen) await this.#interfaces.open();
    this.#isOpen = true;
    const writers = await this.#readyWriters(config);
    this.#setTimers(config, writers.variant);
    await this.#host.removeBefore(config);
    const lines = await this.#write(writers);
    this.#refusals.tell(this.#desired.refusedPolicies());
    await this.#removeOtherVariant(writers.variant);
    await this.#host.addAfter(config);
    if (revision !== undefined) this.#options.reports.onApplied(revision);
    this.#flows.onApplied();
    this.#options.watch?.end();
    if (lines > 0) this.#checkAfterWrite(config);
    this.#options.onPass?.({ lines, totalMs: this.#clock.now() - startMs });
  }

  /** With each pass: the configuration may be another. */
  #setTimers(config: FelixConfig, variant: IptablesVariant): void {
    const set = (name: string, periodMs: number, mark: () => void) =>
      this.#timers.set(name, periodMs, () => {
        mark();
        this.#loop.wake();
      });
    set('refused', refusedRetryMs, () => this.#desired.markRefusedAgain());
    set('routes', config.routeRefreshIntervalMs, () => this.#host.resync());
    this.#timers.set('interfaces', config.interfaceRefreshIntervalMs, () => this.#interfaces.check());
    this.#readings.set('tables', config.iptablesRefreshIntervalMs, variant === 'nft');
    this.#readings.set('sets', config.ipsetsRefreshIntervalMs, false);
  }

  /** Somebody else may have written at the same time as we. */
  #checkAfterWrite({ iptablesPostWriteCheckIntervalMs: delayMs, iptablesRefreshIntervalMs }: FelixConfig): void {
    if (iptablesRefreshIntervalMs <= 0 || delayMs <= 0) return;
    this.#afterWrite?.cancel();
    this.#afterWrite = this.#clock.after(delayMs, () => {
      this.#readings.mark('tables');
      this.#loop.wake();
    });
  }

  /** Knows what the kernel has. */
  async #readyWriters(config: FelixConfig): Promise<Writers> {
    const areNew = this.#writers?.wanted !== config.iptablesBackend;
    if (areNew) this.#writers = undefined;
    this.#writers ??= await this.#openWriters(config);
    const { tables, sets } = this.#writers;
    try {
      await Promise.all([
        this.#read('tables', areNew, () => Promise.all(Array.from(tables.values(), (table) => table.read()))),
        this.#read('sets', areNew, () => sets.read()),
      ]);
    } catch (error) {
      this.#writers = undefined;
      throw error;
    }
    return this.#writers;
  }

  async #read(reading: Reading, isNew: boolean, read: () => Promise<unknown>): Promise<void> {
    const startMs = this.#clock.now();
    const isDue = this.#readings.take(reading);
    if (!isDue && !isNew) return;
    await read();
    this.#readings.onRead(reading, this.#clock.now() - startMs);
  }

  /** Others' transactions, of which nf_tables keeps count; the older variant tells nothing. */
  #follow(variant: IptablesVariant): void {
    this.#follower?.close();
    this.#follower = undefined;
    if (variant === 'legacy') return;
    const { nft } = this.#options.kernel;
    this.#follower = nft.followGeneration(
      () => sumOf(Array.from(this.#writers?.tables.values() ?? [], ({ commits }) => commits)),
      () => this.#readings.hear('tables'),
    );
  }

  async #openWriters(config: FelixConfig): Promise<Writers> {
    const { programs, log } = this.#options;
    const chosen = await chooseVariant(programs, config.iptablesBackend);
    if (chosen === undefined)
      throw new Error(`this host has no iptables that can be used (IptablesBackend is ${config.iptablesBackend})`);
    const { variant, tools } = chosen;
    this.#follow(variant);
    log.info({ variant }, 'rules go to iptables');
    const hasV6 = config.isIpv6Supported || (await programs.run(tools[6].save, [])).code === 0;
    const used = families.filter((family) => family === 4 || hasV6);
    const open = (family: Family) => new TableWriter({ programs, tools: tools[family], log });
    return {
      variant,
      wanted: config.iptablesBackend,
      sets: new SetWriter({ programs, state: this.#desired.sets, log }),
      tables: new Map(used.map((family) => [family, open(family)])),
    };
  }

  /** Ours of an earlier choice go once the rules of this one are in place. */
  async #removeOtherVariant(variant: IptablesVariant): Promise<void> {
    if (this.#inPlace === variant) return;
    const { programs, log } = this.#options;
    await removeVariant(programs, variant === 'nft' ? 'legacy' : 'nft', log);
    this.#inPlace = variant;
  }

  /** Sets and members that come, rules, sets and members that go. How many lines it took. */
  async #write(writers: Writers): Promise<number> {
    try {
      for (let round = 1, lines = 0; round <= roundsMax; round++) {
        const rulesets = await this.#settle();
        const before = await writers.sets.writeBefore();
        if (this.#desired.refuseSets(before.refused)) continue;
        const results = await Promise.all(
          Array.from(writers.tables, ([family, table]) => table.write(rulesets[family])),
        );
        lines += before.lines + results.reduce((sum, result) => sum + result.lines, 0);
        const refusals = results.flatMap((result) => result.refusals);
        if (refusals.length === 0) {
          this.#desired.refused.commit();
          return lines + (await writers.sets.writeAfter());
        }
        this.#refuse(refusals);
      }
    } catch (error) {
      this.#readings.mark('tables');
      this.#readings.mark('sets');
      throw error;
    }
    throw new Error('the kernel refuses ever more rules');
  }

  /** One rule of each policy: its last good content may take its place, and then the others are no matter. */
  #refuse(refusals: readonly RuleRefusal[]): void {
    this.#desired.refuse([...new Map(refusals.map((refusal) => [ownerText(refusal.owner), refusal])).values()]);
  }

  #settle() {
    return inSlices(this.#desired.settle(() => this.#interfaces.interfaces()));
  }
}

function sizesOf(family: Family, ruleset: Ruleset | undefined) {
  if (ruleset === undefined) return [];
  return tableNames.map((table) => {
    const { chains, hooks } = ruleset.tables[table];
    let rules = hooks.length;
    for (const { hashes } of chains.values()) rules += hashes.length;
    return { family, table, chains: chains.size, rules };
  });
}

/** Undefined when one of them is. */
function sumOf(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0);
}
