/**
 * Brings our table to the desired state: one transaction a pass, judged and, where the kernel refuses, tried again without what it refused. I/O.
 * At start the table is compared; if it differs, or if somebody changed it under us, it is replaced in one transaction that carries counters over.
 */
import type { Nft, NftRefusal, NftTableDump } from '../../../kernel/kernel.ts';
import { inSlices } from '../../../kernel/netlink/serial.ts';
import type { Logger } from '../../../lib/log.ts';
import { isAsWritten, isDispatchAsWritten, matchTable, type SetReads } from './adopt.ts';
import type { DesiredState } from './desired-state.ts';
import type { Plan, PlanOptions } from './plan.ts';
import { planPass, resolveHandles } from './plan.ts';
import { isSwitchedOn } from './switched-on.ts';

export interface TableWriterParts {
  readonly nft: Nft;
  readonly table: string;
  readonly desired: DesiredState;
  readonly log: Logger;
  /** Renders what a refusal changed. */
  readonly settle: () => Promise<void>;
}

/** Signs that the table is not what we left: something of ours is gone, or something foreign is in it. */
const surprises: ReadonlySet<string> = new Set(['ENOENT', 'EEXIST', 'EBUSY']);
const attemptsMax = 20;

/** What one pass cost; for tests, benches and metrics. */
export interface PassStats {
  readonly operations: number;
  readonly bytes: number;
  readonly kernelMs: number;
}

export class TableWriter {
  readonly #parts: TableWriterParts;
  readonly #reads: SetReads;
  /** How often, and how often in vain. */
  readonly transactions = { calls: 0, errors: 0 };
  readonly readings = { calls: 0, errors: 0 };
  #isKnown = false;
  #isRewriteDue = false;
  #hasLooked = false;

  constructor(parts: TableWriterParts) {
    this.#parts = parts;
    const { nft, table } = parts;
    this.#reads = { elements: (set) => nft.dumpElements(table, set), keys: (set) => nft.dumpKeys(table, set) };
  }

  /** Resolves to undefined when the kernel has everything (but for refused policies), else to the kernel's words. */
  async write(): Promise<{ problem?: string; stats: PassStats }> {
    const { desired } = this.#parts;
    let isRewrite = this.#isRewriteDue;
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      if (!this.#isKnown && !isRewrite) {
        if (await this.#adopt()) return { stats: noStats };
        isRewrite = true;
      }
      const plan = await inSlices(planPass(desired, await this.#planOptions(isRewrite)));
      if (plan.operations.length === 0) {
        await this.#commit(plan, new Map());
        return { stats: noStats };
      }
      const result = await this.#parts.nft.apply(plan.operations);
      this.transactions.calls++;
      if (!result.ok) this.transactions.errors++;
      if (result.ok) {
        await this.#commit(plan, result.handles);
        const { bytes, kernelMs } = result;
        return { stats: { operations: plan.operations.length, bytes, kernelMs } };
      }
      const wasRewrite = isRewrite;
      if (!isRewrite && result.refusals.some(({ code }) => surprises.has(code)))
        isRewrite = this.#startOver(result.refusals);
      else if (!this.#leaveOut(plan, result.refusals)) return { problem: print(result.refusals), stats: noStats };
      await this.#parts.settle();
      if (wasRewrite) this.#isKnown = false;
    }
    return { problem: 'the kernel refuses one change after another', stats: noStats };
  }

  /** Reads chains, rules and dispatch back; what others changed is written anew in the next pass. Members are not read: they may be millions. */
  async check(): Promise<void> {
    if (!this.#isKnown) return;
    const { table, desired, log } = this.#parts;
    const dump = await this.#read();
    const isIntact =
      dump !== undefined &&
      isSwitchedOn(dump) &&
      (await inSlices(isAsWritten(desired, dump))) &&
      (await isDispatchAsWritten(desired, this.#reads));
    if (isIntact) return;
    log.warn({ table }, 'somebody changed our table');
    // not compared: rules may have our comments and not our content
    await this.forget('rewrite');
  }

  /** What others may have changed, or have: rules by their handles first, then everything by its content; or without a look. */
  async repair(how: 'compare' | 'rewrite'): Promise<void> {
    if (how === 'compare') await this.check();
    if (how === 'rewrite' || this.#isKnown) await this.forget(how);
  }

  /** The table may have been changed by others: compare in the next pass, or rewrite it without a look. */
  async forget(how: 'compare' | 'rewrite' = 'compare'): Promise<void> {
    this.#isKnown = false;
    this.#isRewriteDue ||= how === 'rewrite';
    this.#parts.desired.forgetWritten();
    await this.#parts.settle();
  }

  async #read(): Promise<NftTableDump | undefined> {
    const { nft, table } = this.#parts;
    this.readings.calls++;
    try {
      return await nft.dumpTable(table);
    } catch (error) {
      this.readings.errors++;
      throw error;
    }
  }

  async #adopt(): Promise<boolean> {
    const { desired } = this.#parts;
    const dump = await this.#read();
    const isOn = dump !== undefined && isSwitchedOn(dump);
    const written = isOn ? await matchTable(desired, dump, this.#reads) : undefined;
    if (this.#hasLooked || dump !== undefined) this.#tellFound(written !== undefined);
    this.#hasLooked = true;
    if (written === undefined) return false;
    await this.#commit({ operations: [], owners: new Map(), written }, new Map());
    return true;
  }

  /** At start it is worth a word, later only what is wrong. */
  #tellFound(isUnchanged: boolean): void {
    const { log, table } = this.#parts;
    if (!this.#hasLooked) log.info({ table, isUnchanged }, 'found our table');
    else if (!isUnchanged) log.warn({ table }, 'our table is not as we left it; writing it anew');
  }

  async #planOptions(isRewrite: boolean): Promise<PlanOptions> {
    const { nft, table } = this.#parts;
    const counters: NftTableDump['counters'] = isRewrite ? await nft.dumpCounters(table) : [];
    return { table, isRewrite, counterValues: new Map(counters.map((counter) => [counter.name, counter])) };
  }

  async #commit(plan: Plan, handles: ReadonlyMap<number, bigint>): Promise<void> {
    const { desired } = this.#parts;
    await inSlices(desired.chains.commit(await inSlices(resolveHandles(plan, handles))));
    desired.members.commit();
    desired.counters.commit();
    desired.netSets.commit();
    desired.dispatch.commit();
    desired.maps.commit();
    desired.refused.commit();
    this.#isKnown = true;
    this.#isRewriteDue = false;
  }

  #startOver(refusals: readonly NftRefusal[]): true {
    this.#parts.log.warn({ refusals: refusals.slice(0, 3) }, 'our table is not as we left it; writing it anew');
    this.#isKnown = false;
    this.#parts.desired.forgetWritten();
    return true;
  }

  /** Takes refused rules of policies and profiles out; false when the refusal is of something else. */
  #leaveOut(plan: Plan, refusals: readonly NftRefusal[]): boolean {
    const { desired } = this.#parts;
    let isAny = false;
    for (const { index, code, message } of refusals) {
      const owner = plan.owners.get(index)?.rule.rule.owner;
      if (owner === undefined) continue;
      const { owned, direction, index: rule } = owner;
      desired.refused.add(owned, direction, rule, `${direction} rule ${rule}: ${message} (${code})`);
      desired.markOwner(owned);
      isAny = true;
    }
    return isAny;
  }
}

const noStats: PassStats = { operations: 0, bytes: 0, kernelMs: 0 };

function print(refusals: readonly NftRefusal[]): string {
  const [first] = refusals;
  return first === undefined ? 'refused' : `operation ${first.index}: ${first.message} (${first.code})`;
}
