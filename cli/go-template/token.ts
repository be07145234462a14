/** Template text -> literal text and the tokens of each action. Pure. Source: package text/template. */

export type TokenType =
  | 'space'
  | 'pipe'
  | 'comma'
  | 'declare'
  | 'assign'
  | 'open'
  | 'close'
  | 'field'
  | 'dot'
  | 'variable'
  | 'word'
  | 'number'
  | 'string'
  | 'character';

export interface Token {
  readonly type: TokenType;
  /** As written; strings unquoted. */
  readonly text: string;
}

export type Piece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly tokens: readonly Token[]; readonly line: number };

/** Cuts a template at its actions, `{{- ` and ` -}}` trimmed. Throws an Error that names the line. */
export function tokenize(template: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let isTrimmed = false;
  while (at < template.length) {
    const open = template.indexOf('{{', at);
    const end = open < 0 ? template.length : open;
    let text = template.slice(at, end);
    if (isTrimmed) text = text.replace(/^[ \t\r\n]+/, '');
    if (open >= 0 && /^\{\{-[ \t\r\n]/.test(template.slice(open, open + 4))) text = text.replace(/[ \t\r\n]+$/, '');
    if (text !== '') pieces.push({ type: 'text', text });
    if (open < 0) break;
    const action = readAction(template, open);
    if (action.tokens !== undefined) pieces.push({ type: 'action', tokens: action.tokens, line: action.line });
    at = action.end;
    isTrimmed = action.isTrimming;
  }
  return pieces;
}

interface Action {
  /** Undefined for a comment. */
  readonly tokens: readonly Token[] | undefined;
  readonly line: number;
  readonly end: number;
  readonly isTrimming: boolean;
}

function readAction(template: string, open: number): Action {
  const line = template.slice(0, open).split('\n').length;
  let at = open + 2;
  if (/^-[ \t\r\n]/.test(template.slice(at, at + 2))) at += 2;
  if (template.startsWith('/*', at)) return readComment(template, at, line);
  const tokens: Token[] = [];
  while (true) {
    const rest = template.slice(at);
    const close = /^([ \t\r\n]-)?\}\}/.exec(rest);
    if (close !== null) return { tokens, line, end: at + close[0].length, isTrimming: close[1] !== undefined };
    if (rest === '') throw new Error(`line ${line}: unclosed action`);
    const [token, length] = readToken(rest, line);
    tokens.push(token);
    at += length;
  }
}

function readComment(template: string, at: number, line: number): Action {
  const end = template.indexOf('*/', at + 2);
  if (end < 0) throw new Error(`line ${line}: unclosed comment`);
  const close = /^([ \t\r\n]-)?\}\}/.exec(template.slice(end + 2));
  if (close === null) throw new Error(`line ${line}: comment ends before closing delimiter`);
  return { tokens: undefined, line, end: end + 2 + close[0].length, isTrimming: close[1] !== undefined };
}

const name = '[\\p{L}\\p{Nd}_]+';
const number =
  '[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\\d[\\d_]*)(?:\\.[\\d_]*)?(?:[eE][-+]?\\d+)?|\\.\\d+(?:[eE][-+]?\\d+)?)';

const patterns: readonly (readonly [TokenType, RegExp])[] = [
  ['space', /^[ \t\r\n]+/],
  ['declare', /^:=/],
  ['assign', /^=/],
  ['pipe', /^\|/],
  ['comma', /^,/],
  ['open', /^\(/],
  ['close', /^\)/],
  ['string', /^"(?:[^"\\\n]|\\.)*"/],
  ['string', /^`[^`]*`/],
  ['character', /^'(?:[^'\\\n]|\\.[^']*)'/u],
  ['number', new RegExp(`^${number}(?!${name})`, 'u')],
  ['field', new RegExp(`^\\.${name}`, 'u')],
  ['dot', /^\./],
  ['variable', new RegExp(`^\\$(?:${name})?`, 'u')],
  ['word', new RegExp(`^(?!\\p{Nd})${name}`, 'u')],
];

function readToken(rest: string, line: number): [Token, number] {
  for (const [type, pattern] of patterns) {
    const match = pattern.exec(rest);
    if (match === null) continue;
    const raw = match[0];
    return [{ type, text: type === 'string' ? unquote(raw, line) : raw }, raw.length];
  }
  if (/^["'`]/.test(rest)) throw new Error(`line ${line}: unterminated quoted string`);
  throw new Error(`line ${line}: unrecognized character in action: ${JSON.stringify([...rest][0])}`);
}

/** The text of a Go string literal. */
export function unquote(raw: string, line: number): string {
  if (raw.startsWith('`')) return raw.slice(1, -1).replaceAll('\r', '');
  return raw.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/gs, (_all, e) => {
    if (/^[xuU]./.test(e)) return String.fromCodePoint(Number.parseInt(e.slice(1), 16));
    if (/^[0-7]{3}$/.test(e)) return String.fromCodePoint(Number.parseInt(e, 8));
    const plain = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' } as Record<string, string>;
    if (plain[e] !== undefined) return plain[e];
    if (e === '\\' || e === raw[0]) return e;
    throw new Error(`line ${line}: invalid syntax in ${raw}`);
  });
}
