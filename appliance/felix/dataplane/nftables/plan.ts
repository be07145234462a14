/**
 * The one batch of a pass: the least operations from what the kernel has to what it is to have, in an order in which references exist:
 * sets, elements, counters, chains, rules, dispatch; what nobody needs goes last. Pure.
 */
import type { NftOperation } from '../../../kernel/kernel.ts';
import type { BaseChain } from '../../render/base-chains.ts';
import { baseChains } from '../../render/base-chains.ts';
import { compiledMapDefinition, isCompiledMap } from '../../render/compiled/layout.ts';
import { dispatchMaps } from '../../render/dispatch.ts';
import { ruleComment } from '../../render/rendered.ts';
import { interfaceMapDefinition, netSetDefinition, standingSets } from '../../render/set-layout.ts';
import type { KeyedRule, WrittenChain } from './chain-store.ts';
import type { DesiredState } from './desired-state.ts';
import { planRuleEdits } from './rule-diff.ts';
import { eachItem, type Work } from './work.ts';

/** The rule that an operation adds. */
export interface RuleOwner {
  readonly chain: string;
  readonly rule: KeyedRule;
}

export interface Plan {
  readonly operations: readonly NftOperation[];
  /** By operation index. */
  readonly owners: ReadonlyMap<number, RuleOwner>;
  /** Chains as they will be; a handle below zero is that of operation -1 - handle. */
  readonly written: ReadonlyMap<string, WrittenChain>;
}

export interface PlanOptions {
  readonly table: string;
  /** The table is made anew: whatever is there goes in the same transaction. */
  readonly isRewrite: boolean;
  /** Values that new counters start from. */
  readonly counterValues: ReadonlyMap<string, { readonly packets: bigint; readonly bytes: bigint }>;
}

export function* planPass(desired: DesiredState, options: PlanOptions): Work<Plan> {
  const planner = new Planner(desired, options);
  return yield* planner.plan();
}

class Planner {
  readonly #desired: DesiredState;
  readonly #options: PlanOptions;
  readonly #operations: NftOperation[] = [];
  readonly #owners = new Map<number, RuleOwner>();
  readonly #written = new Map<string, WrittenChain>();

  constructor(desired: DesiredState, options: PlanOptions) {
    this.#desired = desired;
    this.#options = options;
  }

  *plan(): Work<Plan> {
    if (this.#options.isRewrite) this.#startTable();
    this.#addSets();
    yield* this.#changeElements();
    yield* this.#addCounters();
    yield* this.#changeChains();
    this.#deleteSurplus();
    return { operations: this.#operations, owners: this.#owners, written: this.#written };
  }

  #push(...operations: readonly NftOperation[]): void {
    for (const operation of operations) this.#operations.push(operation);
  }

  /** Adding first makes the deletion succeed on a host that has no such table. */
  #startTable(): void {
    const { table } = this.#options;
    this.#push({ type: 'add-table', table }, { type: 'delete-table', table }, { type: 'add-table', table });
    for (const set of standingSets()) this.#push({ type: 'add-set', table, set });
    for (const map of dispatchMaps) this.#push({ type: 'add-set', table, set: interfaceMapDefinition(map) });
  }

  #addSets(): void {
    const { table } = this.#options;
    for (const name of this.#desired.netSets.missing()) {
      const set = isCompiledMap(name) ? compiledMapDefinition(name) : netSetDefinition(name);
      this.#push({ type: 'add-set', table, set });
    }
  }

  /** Removals first: an interval that grows takes the place of what it was. */
  *#changeElements(): Work {
    const { table } = this.#options;
    for (const isAdded of [false, true]) {
      const type = isAdded ? 'add-elements' : 'delete-elements';
      for (const [set, elements] of yield* this.#desired.members.packChanges(isAdded)) {
        this.#push({ type, table, set, elements });
      }
    }
  }

  *#addCounters(): Work {
    const { table, counterValues } = this.#options;
    yield* eachItem(this.#desired.counters.missing(), (counter) => {
      this.#push({ type: 'add-counter', table, counter, ...counterValues.get(counter) });
    });
  }

  *#changeChains(): Work {
    const { table } = this.#options;
    const { chains, dispatch, maps } = this.#desired;
    const wanted = [...chains.changed()].filter((name) => chains.isWanted(name));
    for (const name of wanted) if (chains.writtenOf(name) === undefined) this.#addChain(name);
    for (const name of wanted) {
      this.#changeRules(name);
      yield;
    }
    this.#push(...(yield* maps.operations(table)), ...dispatch.operations(table));
    const gone = [...chains.changed()].filter((name) => !chains.isWanted(name) && chains.writtenOf(name));
    for (const chain of gone) this.#push({ type: 'flush-chain', table, chain });
    for (const chain of gone) this.#push({ type: 'delete-chain', table, chain });
  }

  #addChain(chain: string): void {
    const { table } = this.#options;
    const base: BaseChain | undefined = (baseChains as Readonly<Record<string, BaseChain>>)[chain];
    this.#push(base === undefined ? { type: 'add-chain', table, chain } : { type: 'add-chain', table, chain, base });
  }

  #changeRules(chain: string): void {
    const { table } = this.#options;
    const before = this.#desired.chains.writtenOf(chain) ?? { keys: [], handles: [] };
    const after = this.#desired.chains.unwrittenOf(chain);
    const handleOf = (index: number) => BigInt(before.handles[index] as number);
    const handles: number[] = [];
    const add = (to: number, place?: { how: 'before' | 'replace'; handle: bigint }) => {
      handles.push(this.#addRule(chain, after[to] as KeyedRule, place));
    };
    const keys = after.map(({ key }) => key);
    for (const edit of planRuleEdits(before.keys, keys)) {
      if (edit.type === 'keep') handles.push(before.handles[edit.from] as number);
      else if (edit.type === 'replace') add(edit.to, { how: 'replace', handle: handleOf(edit.from) });
      else if (edit.type === 'delete') {
        this.#push({ type: 'delete-rule', table, chain, handle: handleOf(edit.from) });
      } else if (edit.before === undefined) add(edit.to);
      else add(edit.to, { how: 'before', handle: handleOf(edit.before) });
    }
    this.#written.set(chain, { keys, handles });
  }

  /** Minus one minus the index of the operation, for `resolveHandles()`. */
  #addRule(chain: string, rule: KeyedRule, place?: { how: 'before' | 'replace'; handle: bigint }): number {
    const index = this.#operations.length;
    this.#owners.set(index, { chain, rule });
    this.#push({
      type: 'add-rule',
      table: this.#options.table,
      chain,
      expressions: rule.rule.expressions,
      comment: ruleComment(rule.rule, rule.key),
      ...(place === undefined ? {} : { place }),
    });
    return -1 - index;
  }

  #deleteSurplus(): void {
    const { table } = this.#options;
    for (const counter of this.#desired.counters.surplus()) this.#push({ type: 'delete-counter', table, counter });
    for (const set of this.#desired.netSets.surplus()) this.#push({ type: 'delete-set', table, set });
  }
}

/** The chains as they are now that the kernel has given the new rules their handles. */
export function* resolveHandles(plan: Plan, handles: ReadonlyMap<number, bigint>): Work<Map<string, WrittenChain>> {
  const resolve = (handle: number) => (handle >= 0 ? handle : Number(handles.get(-1 - handle) ?? 0n));
  const written = new Map<string, WrittenChain>();
  yield* eachItem(plan.written, ([name, chain]) => {
    written.set(name, { ...chain, handles: chain.handles.map(resolve) });
  });
  return written;
}
