/**
 * Decides whether labels match a selector. Selectors are compiled to closures once, since the index tests them often. Pure.
 */
import { unreachable } from '../lib/assert.ts';
import type { Comparison, Membership, Selector } from './ast.ts';

/** Labels as the matcher asks for them; a `Map` is one. */
export interface LabelLookup {
  get(label: string): string | undefined;
}

/** A compiled selector. */
export type Matcher = (labels: LabelLookup) => boolean;

/** Tells whether `labels` match. To test one selector often, keep what `compileSelector` returns. */
export function matches(selector: Selector, labels: LabelLookup): boolean {
  return compileSelector(selector)(labels);
}

/** A lookup over a plain object; inherited properties are not labels. */
export function labelsOfRecord(record: Readonly<Record<string, string>>): LabelLookup {
  return { get: (label) => (Object.hasOwn(record, label) ? record[label] : undefined) };
}

/** Turns a selector into a function of the labels. */
export function compileSelector(selector: Selector): Matcher {
  switch (selector.type) {
    case 'all':
    case 'global':
      return () => true;
    case 'has': {
      const { label } = selector;
      return (labels) => labels.get(label) !== undefined;
    }
    case 'not': {
      const operand = compileSelector(selector.operand);
      return (labels) => !operand(labels);
    }
    case 'and': {
      const operands = selector.operands.map(compileSelector);
      return (labels) => operands.every((operand) => operand(labels));
    }
    case 'or': {
      const operands = selector.operands.map(compileSelector);
      return (labels) => operands.some((operand) => operand(labels));
    }
    case 'in':
    case 'not-in':
      return compileMembership(selector);
    default:
      return compileComparison(selector);
  }
}

function compileMembership(selector: Membership): Matcher {
  const { label } = selector;
  const values: ReadonlySet<string | undefined> = new Set(selector.values);
  return selector.type === 'in'
    ? (labels) => values.has(labels.get(label))
    : (labels) => !values.has(labels.get(label));
}

function compileComparison(selector: Comparison): Matcher {
  const { label, value } = selector;
  switch (selector.type) {
    case 'equals':
      return (labels) => labels.get(label) === value;
    case 'not-equals':
      return (labels) => labels.get(label) !== value;
    case 'contains':
      return (labels) => labels.get(label)?.includes(value) === true;
    case 'starts-with':
      return (labels) => labels.get(label)?.startsWith(value) === true;
    case 'ends-with':
      return (labels) => labels.get(label)?.endsWith(value) === true;
    default:
      return unreachable(selector.type, 'comparison');
  }
}
