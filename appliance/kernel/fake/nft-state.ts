/** What the fake kernel holds of nf_tables: plain maps that a transaction copies before it changes them. Pure. */
import type { NftElement, NftOperation, NftSet } from '../kernel.ts';
import type { Expression, Verdict } from '../netlink/expression.ts';

export interface FakeRule {
  readonly handle: bigint;
  readonly expressions: readonly Expression[];
  readonly comment: string | undefined;
}

export type FakeBase = Extract<NftOperation, { type: 'add-chain' }>['base'];

export interface FakeChain {
  readonly base: FakeBase;
  rules: FakeRule[];
}

export interface FakeSet {
  readonly definition: NftSet;
  /** By `elementKey`. */
  readonly elements: Map<string, NftElement>;
}

export interface FakeTable {
  readonly chains: Map<string, FakeChain>;
  readonly sets: Map<string, FakeSet>;
  readonly counters: Map<string, { readonly packets: bigint; readonly bytes: bigint }>;
}

export function emptyTable(): FakeTable {
  return { chains: new Map(), sets: new Map(), counters: new Map() };
}

export function copyTable(table: FakeTable): FakeTable {
  return {
    chains: new Map([...table.chains].map(([name, chain]) => [name, { base: chain.base, rules: [...chain.rules] }])),
    sets: new Map([...table.sets].map(([name, set]) => [name, { ...set, elements: new Map(set.elements) }])),
    counters: new Map(table.counters),
  };
}

/** Sorts as the keys do, and an interval's end before a start at the same place. */
export function elementKey(element: NftElement): string {
  return `${Buffer.from(element.key).toString('hex')}${element.isEnd ? '-' : '0'}`;
}

/** The chains a rule jumps or goes to, by itself or through a verdict map. */
export function targetsOf(table: FakeTable, expressions: readonly Expression[]): string[] {
  return expressions.flatMap((expression) => {
    if (expression.type === 'verdict') return targetOf(expression.verdict);
    if (expression.type === 'lookup' && expression.into === 'verdict') return mapTargets(table, expression.set);
    return [];
  });
}

export function targetOf(verdict: Verdict | NonNullable<NftElement['verdict']>): string[] {
  return 'chain' in verdict && verdict.chain !== undefined ? [verdict.chain] : [];
}

function mapTargets(table: FakeTable, set: string): string[] {
  const elements = table.sets.get(set)?.elements.values() ?? [];
  return [...elements].flatMap((element) => (element.verdict === undefined ? [] : targetOf(element.verdict)));
}
