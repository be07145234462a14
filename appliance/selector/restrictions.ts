/**
 * What labels a selector must find: the handle by which the label index files it and finds its matches without trying all. Pure.
 */
import type { Selector } from './ast.ts';

/** A label that must be there; with this value when one is given. */
export interface Restriction {
  readonly label: string;
  readonly value?: string;
}

/** Says how much work it is to look at everything that meets a restriction. */
export type RestrictionCost = (restriction: Restriction) => number;

/**
 * Restrictions of which every match meets at least one, chosen so that their costs add up to little.
 * Undefined when the selector can match without any label; empty when it cannot match at all.
 */
export function restrictionsOf(selector: Selector, cost: RestrictionCost): readonly Restriction[] | undefined {
  return restrict(selector, false, cost);
}

/** The labels a selector looks at. */
export function labelsIn(selector: Selector): ReadonlySet<string> {
  const labels = new Set<string>();
  collectLabels(selector, labels);
  return labels;
}

function restrict(selector: Selector, isNegated: boolean, cost: RestrictionCost): readonly Restriction[] | undefined {
  switch (selector.type) {
    case 'all':
    case 'global':
      return isNegated ? [] : undefined;
    case 'not':
      return restrict(selector.operand, !isNegated, cost);
    case 'and':
    case 'or':
      return (selector.type === 'and') !== isNegated
        ? cheapest(selector.operands, isNegated, cost)
        : everyBranch(selector.operands, isNegated, cost);
    case 'equals':
      return isNegated ? undefined : [{ label: selector.label, value: selector.value }];
    case 'not-equals':
      return isNegated ? [{ label: selector.label, value: selector.value }] : undefined;
    case 'in':
    case 'not-in':
      if ((selector.type === 'in') === isNegated) return undefined;
      return selector.values.map((value) => ({ label: selector.label, value }));
    default:
      return isNegated ? undefined : [{ label: selector.label }];
  }
}

function cheapest(operands: readonly Selector[], isNegated: boolean, cost: RestrictionCost) {
  let best: readonly Restriction[] | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const operand of operands) {
    const candidate = restrict(operand, isNegated, cost);
    if (candidate === undefined) continue;
    const candidateCost = candidate.reduce((sum, restriction) => sum + cost(restriction), 0);
    if (best === undefined || candidateCost < bestCost) [best, bestCost] = [candidate, candidateCost];
  }
  return best;
}

function everyBranch(operands: readonly Selector[], isNegated: boolean, cost: RestrictionCost) {
  const union: Restriction[] = [];
  for (const operand of operands) {
    const branch = restrict(operand, isNegated, cost);
    if (branch === undefined) return undefined;
    for (const restriction of branch) union.push(restriction);
  }
  return union;
}

function collectLabels(selector: Selector, labels: Set<string>): void {
  if (selector.type === 'not') collectLabels(selector.operand, labels);
  else if (selector.type === 'and' || selector.type === 'or') {
    for (const operand of selector.operands) collectLabels(operand, labels);
  } else if ('label' in selector) labels.add(selector.label);
}
