/**
 * Selector tree to canonical text: equal trees print alike, so the text can be hashed (`id.ts`) and compared. Pure.
 * Source: upstream's canonical form; and/or are always in parentheses, values in double quotes where that is possible.
 */
import type { Combination, Comparison, Membership, Selector } from './ast.ts';

const comparisons: Readonly<Record<Comparison['type'], string>> = {
  equals: '==',
  'not-equals': '!=',
  contains: 'contains',
  'starts-with': 'starts with',
  'ends-with': 'ends with',
};

/** The canonical text; `parseSelector` gives the same tree back. */
export function printSelector(selector: Selector): string {
  switch (selector.type) {
    case 'all':
    case 'global':
      return `${selector.type}()`;
    case 'has':
      return `has(${selector.label})`;
    case 'not':
      return `!${printSelector(selector.operand)}`;
    case 'and':
    case 'or':
      return printCombination(selector);
    case 'in':
    case 'not-in':
      return printMembership(selector);
    default:
      return `${selector.label} ${comparisons[selector.type]} ${quote(selector.value)}`;
  }
}

function printCombination(selector: Combination): string {
  return `(${selector.operands.map(printSelector).join(selector.type === 'and' ? ' && ' : ' || ')})`;
}

function printMembership(selector: Membership): string {
  const operator = selector.type === 'in' ? 'in' : 'not in';
  return `${selector.label} ${operator} {${selector.values.map(quote).join(', ')}}`;
}

/** A value never holds both kinds of quotes: there is no way to write one. */
function quote(value: string): string {
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}
