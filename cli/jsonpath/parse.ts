/** kubectl's JSONPath templates -> a tree: text between braces, and in braces paths, filters, ranges. Pure. Source: Kubernetes, "JSONPath Support". */
import { Float } from '../go-template/values.ts';

export type PathNode =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'wildcard' }
  | { readonly type: 'recursive' }
  | { readonly type: 'constant'; readonly value: unknown }
  | { readonly type: 'slice'; readonly slice: Slice }
  | { readonly type: 'union'; readonly paths: readonly (readonly PathNode[])[] }
  | { readonly type: 'filter'; readonly left: Path; readonly operator: string; readonly right: Path }
  | { readonly type: 'range' | 'end' };

export type Path = readonly PathNode[];

/** `[from:to:step]`; `isOne` for a plain `[from]`. */
export interface Slice {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly step: number | undefined;
  readonly isOne: boolean;
}

/** The parts of a template: each a text or the path of one pair of braces. Throws an Error that says what is wrong. */
export function parseJsonPath(template: string): Path[] {
  const parts: Path[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{', at);
    const text = template.slice(at, open < 0 ? template.length : open);
    if (text !== '') parts.push([{ type: 'text', text }]);
    if (open < 0) break;
    const reader = new Reader(template, open + 1);
    parts.push(reader.readPath());
    at = reader.at;
  }
  return parts;
}

/** A path that stands alone, without braces. */
function parsePart(text: string): Path {
  return parseJsonPath(`{${text}}`)[0] ?? [];
}

const wordCharacter = /[\p{L}\p{Nd}_]/u;
const fieldEnd = /[\s.,[\]$@{}]/;

class Reader {
  at: number;
  readonly #text: string;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  /** Nodes up to the closing brace. */
  readPath(): PathNode[] {
    const nodes: PathNode[] = [];
    while (true) {
      const rest = this.#text.slice(this.at);
      const character = rest[0];
      if (character === undefined || character === '\n' || character === '\r') throw new Error('unclosed action');
      if (character === '}') {
        this.at++;
        return nodes;
      }
      if (rest.startsWith('[?(')) nodes.push(this.#readFilter());
      else if (rest.startsWith('..')) nodes.push(...this.#readRecursive(nodes.at(-1)));
      else if (character === ' ' || character === '@' || character === '$') this.at++;
      else if (character === '[') nodes.push(...this.#readArray());
      else if (character === '"' || character === "'") nodes.push({ type: 'text', text: this.#readQuoted(character) });
      else if (character === '.') nodes.push(this.#readField(1));
      else if (/[-+\d]/.test(character)) nodes.push(this.#readNumber());
      else if (wordCharacter.test(character)) nodes.push(this.#readWord());
      else throw new Error(`unrecognized character in action: ${JSON.stringify(character)}`);
    }
  }

  #readField(skip: number): PathNode {
    let end = this.at + skip;
    while (end < this.#text.length && !fieldEnd.test(this.#text[end]!)) end += this.#text[end] === '\\' ? 2 : 1;
    const name = this.#text.slice(this.at + skip, end);
    this.at = end;
    return name === '*' ? { type: 'wildcard' } : { type: 'field', name: name.replaceAll('\\', '') };
  }

  #readRecursive(before: PathNode | undefined): PathNode[] {
    if (before?.type === 'recursive') throw new Error('invalid multiple recursive descent');
    this.at += 2;
    const next = this.#text[this.at] ?? '';
    return wordCharacter.test(next) ? [{ type: 'recursive' }, this.#readField(0)] : [{ type: 'recursive' }];
  }

  #readWord(): PathNode {
    let end = this.at;
    while (end < this.#text.length && wordCharacter.test(this.#text[end]!)) end++;
    const word = this.#text.slice(this.at, end);
    this.at = end;
    if (word === 'true' || word === 'false') return { type: 'constant', value: word === 'true' };
    if (word === 'range' || word === 'end') return { type: word };
    throw new Error(`unrecognized identifier ${word}`);
  }

  #readNumber(): PathNode {
    const text = /^[-+]?[\d.]*/.exec(this.#text.slice(this.at))![0];
    this.at += text.length;
    if (!/^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(text)) throw new Error(`cannot parse number ${text}`);
    const value = Number(text);
    return { type: 'constant', value: text.includes('.') && Number.isInteger(value) ? new Float(value) : value };
  }

  #readQuoted(quote: string): string {
    let end = this.at + 1;
    while (this.#text[end] !== quote || this.#text[end - 1] === '\\') {
      if (end >= this.#text.length || this.#text[end] === '\n') throw new Error('unterminated quoted string');
      end++;
    }
    const raw = this.#text.slice(this.at + 1, end);
    this.at = end + 1;
    return unescapeText(raw);
  }

  #readArray(): PathNode[] {
    const end = this.#text.slice(this.at).search(/[\]\n]/);
    if (end < 0 || this.#text[this.at + end] === '\n') throw new Error('unterminated array');
    const text = this.#text.slice(this.at + 1, this.at + end);
    this.at += end + 1;
    const parts = text.split(',');
    if (parts.length > 1) {
      return [{ type: 'union', paths: parts.map((part) => parsePart(`[${part.replace(/^ +| +$/g, '')}]`)) }];
    }
    const key = /^'([^']*)'$/.exec(text);
    if (key !== null) return [...parsePart(`.${key[1]}`)];
    return [{ type: 'slice', slice: parseSlice(text) }];
  }

  #readFilter(): PathNode {
    this.at += '[?('.length;
    const start = this.at;
    let quote = '';
    while (this.#text[this.at] !== ')' || quote !== '') {
      const character = this.#text[this.at];
      if (character === undefined || character === '\n') throw new Error('unterminated filter');
      if (quote === '' && (character === '"' || character === "'")) quote = character;
      else if (character === quote && this.#text[this.at - 1] !== '\\') quote = '';
      this.at++;
    }
    const text = this.#text.slice(start, this.at);
    if (this.#text[++this.at] !== ']') throw new Error('unclosed array expect ]');
    this.at++;
    const match = /^([^!<>=]+)([!<>=]+)(.+)$/.exec(text);
    if (match === null) return { type: 'filter', left: parsePart(text), operator: 'exists', right: [] };
    return { type: 'filter', left: parsePart(match[1]!), operator: match[2]!, right: parsePart(match[3]!) };
  }
}

function parseSlice(text: string): Slice {
  const match = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text === '*' ? ':' : text);
  if (match === null) throw new Error(`invalid array index ${text}`);
  const count = (part: string | undefined) => {
    const digits = (part ?? '').replace(':', '');
    if (digits === '-') throw new Error(`array index ${digits} is not a number`);
    return digits === '' ? undefined : Number(digits);
  };
  const [from, to, step] = [count(match[1]), count(match[2]), count(match[3])];
  return { from, to, step, isOne: match[2] === undefined };
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unescapeText(raw: string): string {
  return raw.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.|$)/gs, (_all, e: string) => {
    if (/^[xuU]./.test(e)) return String.fromCodePoint(Number.parseInt(e.slice(1), 16));
    if (/^[0-7]{3}$/.test(e)) return String.fromCodePoint(Number.parseInt(e, 8));
    if (escapes[e] !== undefined) return escapes[e];
    if (e === '\\' || e === '"' || e === "'") return e;
    throw new Error(`unquote string error: invalid syntax`);
  });
}
