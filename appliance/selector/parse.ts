/**
 * Selector text to tree. First step for validation (`resources`) and for the calculation graph. Pure.
 * `&&` binds tighter than `||`, `!` binds to the one operation that follows. Source: Calico's selector reference.
 */
import { compareText } from '../lib/collections/compare-text.ts';
import type { Result } from '../lib/problem.ts';
import { all, not, type Selector } from './ast.ts';
import { SelectorSyntaxError, type Token, type TokenType, tokenize } from './token.ts';

/** Deepest nesting of parentheses; far above what the 1024 characters of a schema-checked selector can hold. */
const nestingMax = 1000;

/** Parses a selector; empty or blank text is `all()`. The one problem says what was expected and at which character (from 1). */
export function parseSelector(text: string): Result<Selector> {
  try {
    const tokens = tokenize(text);
    if (tokens[0]!.type === 'end') return { ok: true, value: all };
    const cursor: Cursor = { tokens, position: 0, depth: 0 };
    const value = parseOr(cursor);
    expect(cursor, 'end', '"&&", "||" or the end');
    return { ok: true, value };
  } catch (error) {
    if (!(error instanceof SelectorSyntaxError)) throw error;
    return {
      ok: false,
      problems: [{ path: '', message: `invalid selector: ${error.message} at character ${error.at + 1}` }],
    };
  }
}

interface Cursor {
  readonly tokens: readonly Token[];
  position: number;
  depth: number;
}

function parseOr(cursor: Cursor): Selector {
  return parseChain(cursor, '||', 'or', parseAnd);
}

function parseAnd(cursor: Cursor): Selector {
  return parseChain(cursor, '&&', 'and', parseOperation);
}

function parseChain(
  cursor: Cursor,
  separator: TokenType,
  type: 'and' | 'or',
  parseOperand: (cursor: Cursor) => Selector,
): Selector {
  const operands = [parseOperand(cursor)];
  while (accept(cursor, separator)) operands.push(parseOperand(cursor));
  return operands.length === 1 ? operands[0]! : { type, operands };
}

function parseOperation(cursor: Cursor): Selector {
  let isNegated = false;
  while (accept(cursor, '!')) isNegated = !isNegated;
  const operand = parseOperand(cursor);
  return isNegated ? not(operand) : operand;
}

function parseOperand(cursor: Cursor): Selector {
  const token = next(cursor);
  if (token.type === 'has') return { type: 'has', label: token.text };
  if (token.type === 'all' || token.type === 'global') return { type: token.type };
  if (token.type === 'label') return parseComparison(cursor, token.text);
  if (token.type === '(') return parseGroup(cursor, token);
  throw new SelectorSyntaxError('expected a label, "has(", "all()", "!" or "("', token.at);
}

function parseGroup(cursor: Cursor, open: Token): Selector {
  if (++cursor.depth > nestingMax) throw new SelectorSyntaxError('nested too deeply', open.at);
  const inner = parseOr(cursor);
  expect(cursor, ')', '"&&", "||" or ")"');
  cursor.depth--;
  return inner;
}

function parseComparison(cursor: Cursor, label: string): Selector {
  const operator = next(cursor);
  switch (operator.type) {
    case '==':
      return { type: 'equals', label, value: parseString(cursor) };
    case '!=':
      return { type: 'not-equals', label, value: parseString(cursor) };
    case 'contains':
    case 'starts-with':
    case 'ends-with':
      return { type: operator.type, label, value: parseString(cursor) };
    case 'in':
    case 'not-in':
      return { type: operator.type, label, values: parseSet(cursor) };
    default:
      throw new SelectorSyntaxError('expected an operator after the label', operator.at);
  }
}

function parseString(cursor: Cursor): string {
  return expect(cursor, 'string', 'a quoted string').text;
}

/** `{ "a", "b", }`: a comma may close the list, but an empty list has none. */
function parseSet(cursor: Cursor): string[] {
  expect(cursor, '{', '"{"');
  const values = new Set<string>();
  while (!accept(cursor, '}')) {
    values.add(expect(cursor, 'string', 'a quoted string or "}"').text);
    if (accept(cursor, ',')) continue;
    expect(cursor, '}', '"," or "}"');
    break;
  }
  return [...values].sort(compareText);
}

function next(cursor: Cursor): Token {
  const token = cursor.tokens[cursor.position]!;
  if (token.type !== 'end') cursor.position++;
  return token;
}

function accept(cursor: Cursor, type: TokenType): boolean {
  if (cursor.tokens[cursor.position]!.type !== type) return false;
  next(cursor);
  return true;
}

function expect(cursor: Cursor, type: TokenType, what: string): Token {
  const token = next(cursor);
  if (token.type !== type) throw new SelectorSyntaxError(`expected ${what}`, token.at);
  return token;
}
