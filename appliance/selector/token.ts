/**
 * Selector text to tokens: the first step of `parse.ts`. Pure.
 * Words are read by context: `in`, `contains` and the like are operators only right after a label, and labels everywhere else.
 */

export type TokenType =
  | 'string'
  | 'label'
  | 'has'
  | 'all'
  | 'global'
  | '('
  | ')'
  | '{'
  | '}'
  | ','
  | '!'
  | '&&'
  | '||'
  | '=='
  | '!='
  | 'contains'
  | 'starts-with'
  | 'ends-with'
  | 'in'
  | 'not-in'
  | 'end';

/** `text` is the label or the text between the quotes; empty otherwise. `at` counts characters from 0. */
export interface Token {
  readonly type: TokenType;
  readonly text: string;
  readonly at: number;
}

/** Why the text is no selector, and where. Caught by `parseSelector`, never seen outside. */
export class SelectorSyntaxError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Longest label in bytes. */
const labelBytesMax = 512;

const blanks = /[ \t]*/y;
const labelRun = /[A-Za-z0-9_./-]+/y;
const call = /(?:has\([ \t]*([A-Za-z0-9_./-]+)[ \t]*\)|(all|global)\([ \t]*\))/y;
const word = /(contains|starts[ \t]*with|ends[ \t]*with|not[ \t]*in|in)(?![A-Za-z0-9_./-])/y;
const symbol = /&&|\|\||==|!=|[(){},!]/y;

/** All tokens of `text`, closed by one of type `end`. Throws SelectorSyntaxError. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const isAfterLabel = tokens.at(-1)?.type === 'label';
    const [token, next] = readToken(text, at, isAfterLabel);
    tokens.push(token);
    at = skipBlanks(text, next);
  }
  tokens.push({ type: 'end', text: '', at });
  return tokens;
}

function readToken(text: string, at: number, isAfterLabel: boolean): [Token, number] {
  const first = text[at];
  if (first === '"' || first === "'") return readString(text, at, first);
  const symbolText = matchAt(symbol, text, at)?.[0];
  if (symbolText !== undefined) return [{ type: symbolText as TokenType, text: '', at }, at + symbolText.length];
  return isAfterLabel ? readOperator(text, at) : readCallOrLabel(text, at);
}

function readString(text: string, at: number, quote: string): [Token, number] {
  const end = text.indexOf(quote, at + 1);
  if (end < 0) throw new SelectorSyntaxError('unterminated string', at);
  return [{ type: 'string', text: text.slice(at + 1, end), at }, end + 1];
}

function readOperator(text: string, at: number): [Token, number] {
  const found = matchAt(word, text, at)?.[0];
  if (found === undefined) throw new SelectorSyntaxError('expected an operator after the label', at);
  return [{ type: operatorOf(found), text: '', at }, at + found.length];
}

function operatorOf(found: string): TokenType {
  if (found === 'contains' || found === 'in') return found;
  if (found.startsWith('not')) return 'not-in';
  return found.startsWith('starts') ? 'starts-with' : 'ends-with';
}

function readCallOrLabel(text: string, at: number): [Token, number] {
  const called = matchAt(call, text, at);
  if (called !== undefined) return [callToken(called, at), at + called[0].length];
  const label = matchAt(labelRun, text, at)?.[0];
  if (label === undefined) throw new SelectorSyntaxError(`unexpected character ${JSON.stringify(text[at])}`, at);
  checkLabel(label, at);
  return [{ type: 'label', text: label, at }, at + label.length];
}

function callToken(called: RegExpExecArray, at: number): Token {
  const label = called[1];
  if (label === undefined) return { type: called[2] as 'all' | 'global', text: '', at };
  checkLabel(label, at);
  return { type: 'has', text: label, at };
}

function checkLabel(label: string, at: number): void {
  if (label.length > labelBytesMax) throw new SelectorSyntaxError(`label longer than ${labelBytesMax} bytes`, at);
}

function skipBlanks(text: string, at: number): number {
  return at + (matchAt(blanks, text, at)?.[0].length ?? 0);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
