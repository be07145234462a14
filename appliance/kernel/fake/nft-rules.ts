/**
 * Chains and rules of the fake kernel, with the refusals of the real one: missing referents, chains in use, loops. Pure.
 * An operation returns the code it is refused with.
 */
import type { NftOperation } from '../kernel.ts';
import type { Expression } from '../netlink/expression.ts';
import { type FakeChain, type FakeTable, targetOf, targetsOf } from './nft-state.ts';

type Of<Type extends NftOperation['type']> = Extract<NftOperation, { type: Type }>;

export function addChain(table: FakeTable, { chain, base }: Of<'add-chain'>): string | undefined {
  const there = table.chains.get(chain);
  if (there === undefined) table.chains.set(chain, { base, rules: [] });
  else if (base !== undefined && JSON.stringify(there.base) !== JSON.stringify(base)) return 'EEXIST';
  return undefined;
}

export function deleteChain(table: FakeTable, { chain }: Of<'delete-chain'>): string | undefined {
  if (!table.chains.has(chain)) return 'ENOENT';
  if (isReferred(table, chain)) return 'EBUSY';
  table.chains.delete(chain);
  return undefined;
}

function isReferred(table: FakeTable, chain: string): boolean {
  for (const [name, { rules }] of table.chains) {
    const isTarget = ({ expressions }: { expressions: readonly Expression[] }) =>
      expressions.some((expression) => expression.type === 'verdict' && targetOf(expression.verdict).includes(chain));
    if (name !== chain && rules.some(isTarget)) return true;
  }
  return [...table.sets.values()].some(({ elements }) =>
    [...elements.values()].some(({ verdict }) => verdict !== undefined && targetOf(verdict).includes(chain)),
  );
}

export function flushChain(table: FakeTable, operation: Of<'flush-chain'>): string | undefined {
  const chain = table.chains.get(operation.chain);
  if (chain === undefined) return 'ENOENT';
  chain.rules = [];
  return undefined;
}

/** The handle of a rule that was added, or the refusal. */
export function addRule(table: FakeTable, operation: Of<'add-rule'>, handle: bigint): string | bigint {
  const chain = table.chains.get(operation.chain);
  if (chain === undefined) return 'ENOENT';
  const at = placeOf(chain, operation.place);
  if (at === undefined) return 'ENOENT';
  const refusal = firstDefined(operation.expressions, (expression) => refuseExpression(table, expression));
  if (refusal !== undefined) return refusal;
  const isReplacing = operation.place?.how === 'replace';
  const { expressions, comment } = operation;
  const rule = { handle: isReplacing ? operation.place.handle : handle, expressions, comment: comment || undefined };
  chain.rules.splice(at, isReplacing ? 1 : 0, rule);
  return rule.handle;
}

function placeOf(chain: FakeChain, place: Of<'add-rule'>['place']): number | undefined {
  if (place === undefined) return chain.rules.length;
  const at = chain.rules.findIndex((rule) => rule.handle === place.handle);
  if (at < 0) return undefined;
  return place.how === 'after' ? at + 1 : at;
}

function refuseExpression(table: FakeTable, expression: Expression): string | undefined {
  if (expression.type === 'counter-ref' && !table.counters.has(expression.name)) return 'ENOENT';
  if (expression.type === 'lookup') return refuseLookup(table, expression);
  if (expression.type !== 'verdict') return undefined;
  return firstDefined(targetOf(expression.verdict), (target) => refuseTarget(table, target));
}

function refuseLookup(table: FakeTable, lookup: Extract<Expression, { type: 'lookup' }>): string | undefined {
  const set = table.sets.get(lookup.set);
  if (set === undefined) return 'ENOENT';
  const { data } = set.definition;
  if ((lookup.into === undefined) !== (data === undefined)) return 'EINVAL';
  const isMismatch = (lookup.into === 'verdict') !== (data === 'verdict') || lookup.isInverted;
  return lookup.into !== undefined && isMismatch ? 'EINVAL' : undefined;
}

/** Why nothing may jump or go to the chain. */
export function refuseTarget(table: FakeTable, chain: string): string | undefined {
  const target = table.chains.get(chain);
  if (target === undefined) return 'ENOENT';
  return target.base === undefined ? undefined : 'ENOTSUP';
}

/** Levels of chains under a base chain, itself included; gotos count as jumps do. Source: NFT_JUMP_STACK_SIZE. */
const DEPTH_MAX = 16;

/** True when chains reachable from a base chain lead too deep, or in a circle. Others are not looked at. */
export function isTooDeep(table: FakeTable): boolean {
  const heights = new Map<string, number>();
  const heightOf = (chain: string): number => {
    const known = heights.get(chain);
    if (known !== undefined) return known;
    // Until it is known: whoever comes back here went in a circle.
    heights.set(chain, Number.POSITIVE_INFINITY);
    const rules = table.chains.get(chain)?.rules ?? [];
    const below = rules.flatMap(({ expressions }) => targetsOf(table, expressions)).map(heightOf);
    const height = 1 + below.reduce((highest, one) => Math.max(highest, one), 0);
    heights.set(chain, height);
    return height;
  };
  return [...table.chains].some(([name, { base }]) => base !== undefined && heightOf(name) > DEPTH_MAX);
}

export function deleteRule(table: FakeTable, operation: Of<'delete-rule'>): string | undefined {
  const chain = table.chains.get(operation.chain);
  const at = chain?.rules.findIndex((rule) => rule.handle === operation.handle) ?? -1;
  if (chain === undefined || at < 0) return 'ENOENT';
  chain.rules.splice(at, 1);
  return undefined;
}

/** True when a rule uses this set, or this counter. */
export function isUsed(table: FakeTable, type: 'lookup' | 'counter-ref', name: string): boolean {
  const uses = (expression: Expression) =>
    expression.type === type && (expression.type === 'lookup' ? expression.set : expression.name) === name;
  return [...table.chains.values()].some(({ rules }) => rules.some(({ expressions }) => expressions.some(uses)));
}

/** The first answer that is one. */
export function firstDefined<Item, Answer>(
  items: Iterable<Item>,
  ask: (item: Item) => Answer | undefined,
): Answer | undefined {
  for (const item of items) {
    const answer = ask(item);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
