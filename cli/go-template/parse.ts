/** Tokens -> the tree of a template. Pure. Source: package text/template. */
import { type Piece, type Token, tokenize, unquote } from './token.ts';
import { Float } from './values.ts';

export type Argument =
  | { readonly type: 'dot'; readonly fields: readonly string[] }
  | { readonly type: 'variable'; readonly name: string; readonly fields: readonly string[] }
  | { readonly type: 'pipeline'; readonly pipeline: Pipeline; readonly fields: readonly string[] }
  | { readonly type: 'constant'; readonly value: unknown; readonly isNil?: boolean }
  | { readonly type: 'function'; readonly name: string };

export interface Pipeline {
  readonly variables: readonly string[];
  readonly isAssignment: boolean;
  /** Each the words of one command. */
  readonly commands: readonly (readonly Argument[])[];
}

interface Block {
  readonly pipeline: Pipeline;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[] | undefined;
}

export type Node =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'action'; readonly pipeline: Pipeline; readonly line: number }
  | ({ readonly type: 'if' | 'with' | 'range'; readonly line: number } & Block)
  | { readonly type: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined; readonly line: number }
  | { readonly type: 'break' | 'continue' };

export interface Template {
  readonly main: readonly Node[];
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}

/** Parses a template; `functions` are the names it may call. Throws an Error that names the line. */
export function parseTemplate(text: string, functions: ReadonlySet<string>): Template {
  const parser = new Parser(tokenize(text), functions);
  return { main: parser.parseMain(), defined: parser.defined };
}

const blockWords = new Set(['if', 'with', 'range', 'else', 'end', 'define', 'block', 'template', 'break', 'continue']);

class Parser {
  readonly defined = new Map<string, readonly Node[]>();
  readonly #pieces: readonly Piece[];
  readonly #functions: ReadonlySet<string>;
  #at = 0;
  #rangeDepth = 0;
  #variables: string[] = ['$'];

  constructor(pieces: readonly Piece[], functions: ReadonlySet<string>) {
    this.#pieces = pieces;
    this.#functions = functions;
  }

  parseMain(): readonly Node[] {
    const { nodes, ending } = this.#parseList(true);
    if (ending !== undefined) throw new Error(`line ${ending.line}: unexpected {{${ending.word}}}`);
    return nodes;
  }

  /** Nodes up to `end` or `else`, or the end of the text. */
  #parseList(isTop: boolean): { nodes: Node[]; ending: { word: string; words: Words; line: number } | undefined } {
    const nodes: Node[] = [];
    while (this.#at < this.#pieces.length) {
      const piece = this.#pieces[this.#at++]!;
      if (piece.type === 'text') {
        nodes.push(piece);
        continue;
      }
      const words = new Words(piece.tokens, piece.line);
      const word = words.peek()?.type === 'word' ? words.peek()!.text : '';
      if (!blockWords.has(word)) {
        nodes.push({ type: 'action', pipeline: this.#parsePipeline(words, 'command'), line: piece.line });
        words.expectEnd('command');
        continue;
      }
      words.next();
      if (word === 'end' || word === 'else') return { nodes, ending: { word, words, line: piece.line } };
      const node = this.#parseBlock(word, words, piece.line, isTop);
      if (node !== undefined) nodes.push(node);
    }
    return { nodes, ending: undefined };
  }

  #parseBlock(word: string, words: Words, line: number, isTop: boolean): Node | undefined {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        return this.#parseControl(word, words, line);
      case 'template':
        return this.#parseCall(words, line);
      case 'define':
        if (!isTop) throw new Error(`line ${line}: unexpected {{define}}`);
        this.#parseDefinition(words, line);
        return undefined;
      case 'block': {
        const call = this.#parseCall(words, line);
        if (call.pipeline === undefined) throw new Error(`line ${line}: missing value for block clause`);
        this.defined.set(call.name, this.#parseBody(line));
        return call;
      }
      default:
        words.expectEnd(word);
        if (this.#rangeDepth === 0) throw new Error(`line ${line}: {{${word}}} outside {{range}}`);
        return { type: word as 'break' | 'continue' };
    }
  }

  #parseControl(type: 'if' | 'with' | 'range', words: Words, line: number): Node {
    const scope = this.#variables.length;
    const pipeline = this.#parsePipeline(words, type);
    words.expectEnd(type);
    if (type === 'range') this.#rangeDepth++;
    const { nodes: body, ending } = this.#parseList(false);
    if (type === 'range') this.#rangeDepth--;
    const otherwise = ending?.word === 'else' ? this.#parseElse(type, ending.words, line) : undefined;
    if (ending === undefined) throw new Error(`line ${line}: unexpected EOF`);
    if (ending.word === 'end') ending.words.expectEnd('end');
    this.#variables.length = scope;
    return { type, pipeline, body, otherwise, line };
  }

  /** What follows `else`, which may be an `if` or a `with` of its own that shares the `end`. */
  #parseElse(type: 'if' | 'with' | 'range', words: Words, line: number): readonly Node[] {
    const next = words.peek();
    if (next?.type === 'word' && type !== 'range' && next.text === type) {
      words.next();
      return [this.#parseControl(type, words, line)];
    }
    words.expectEnd('else');
    return this.#parseBody(line);
  }

  /** Nodes up to `end`. */
  #parseBody(line: number): readonly Node[] {
    const { nodes, ending } = this.#parseList(false);
    if (ending === undefined) throw new Error(`line ${line}: unexpected EOF`);
    if (ending.word !== 'end') throw new Error(`line ${ending.line}: expected end; found {{else}}`);
    ending.words.expectEnd('end');
    return nodes;
  }

  #parseDefinition(words: Words, line: number): void {
    const token = words.next();
    if (token?.type !== 'string') throw new Error(`line ${line}: unexpected ${token?.text ?? '}}'} in define clause`);
    words.expectEnd('define clause');
    const outer = this.#variables;
    this.#variables = ['$'];
    const depth = this.#rangeDepth;
    this.#rangeDepth = 0;
    this.defined.set(token.text, this.#parseBody(line));
    [this.#variables, this.#rangeDepth] = [outer, depth];
  }

  #parseCall(words: Words, line: number): Node & { type: 'template' } {
    const token = words.next();
    if (token?.type !== 'string') throw new Error(`line ${line}: unexpected ${token?.text ?? '}}'} in template clause`);
    const pipeline = words.peek() === undefined ? undefined : this.#parsePipeline(words, 'template clause');
    words.expectEnd('template clause');
    return { type: 'template', name: token.text, pipeline, line };
  }

  #parsePipeline(words: Words, where: string): Pipeline {
    const { variables, isAssignment } = this.#parseDeclaration(words, where);
    const commands: Argument[][] = [];
    do {
      const command = this.#parseCommand(words);
      // Go lets a pipe stand at the end.
      if (command.length === 0 && commands.length > 0 && words.peek() === undefined) break;
      if (command.length === 0) throw words.error(`missing value for ${where}`);
      if (commands.length > 0 && (command[0]!.type === 'constant' || command[0]!.type === 'dot')) {
        const isField = command[0]!.type === 'dot' && command[0]!.fields.length > 0;
        if (!isField) throw words.error(`non executable command in pipeline stage ${commands.length + 1}`);
      }
      commands.push(command);
    } while (words.skip('pipe'));
    if (!isAssignment) this.#variables.push(...variables);
    return { variables, isAssignment, commands };
  }

  #parseDeclaration(words: Words, where: string): { variables: string[]; isAssignment: boolean } {
    const isRange = where === 'range';
    const found = words.declaration(isRange);
    if (found === undefined) return { variables: [], isAssignment: false };
    if (found.isAssignment) for (const name of found.variables) this.#checkVariable(name, words);
    return found;
  }

  #checkVariable(name: string, words: Words): void {
    if (!this.#variables.includes(name)) throw words.error(`undefined variable "${name}"`);
  }

  #parseCommand(words: Words): Argument[] {
    const args: Argument[] = [];
    while (true) {
      words.skipSpace();
      const token = words.peek();
      if (token === undefined || token.type === 'pipe' || token.type === 'close') return args;
      args.push(this.#parseArgument(words));
      const next = words.peekRaw();
      if (next !== undefined && !['space', 'pipe', 'close'].includes(next.type)) {
        throw words.error(`unexpected ${JSON.stringify(next.text)} in operand`);
      }
    }
  }

  #parseArgument(words: Words): Argument {
    const token = words.next()!;
    switch (token.type) {
      case 'dot':
        return { type: 'dot', fields: [] };
      case 'field':
        return { type: 'dot', fields: [token.text.slice(1), ...words.fields()] };
      case 'variable':
        this.#checkVariable(token.text, words);
        return { type: 'variable', name: token.text, fields: words.fields() };
      case 'string':
        return { type: 'constant', value: token.text };
      case 'character':
        return { type: 'constant', value: unquote(token.text, words.line).codePointAt(0) ?? 0 };
      case 'number':
        return { type: 'constant', value: numberOfText(token.text) };
      case 'word':
        return this.#parseWord(token.text, words);
      case 'open': {
        const pipeline = this.#parsePipeline(words, 'parenthesized pipeline');
        if (!words.skip('close')) throw words.error('unclosed left paren');
        return { type: 'pipeline', pipeline, fields: words.fields() };
      }
      default:
        throw words.error(`unexpected ${JSON.stringify(token.text)} in operand`);
    }
  }

  #parseWord(text: string, words: Words): Argument {
    if (text === 'true' || text === 'false') return { type: 'constant', value: text === 'true' };
    if (text === 'nil') return { type: 'constant', value: null, isNil: true };
    if (!this.#functions.has(text)) throw words.error(`function "${text}" not defined`);
    return { type: 'function', name: text };
  }
}

function numberOfText(text: string): unknown {
  const bare = text.replaceAll('_', '');
  const sign = bare.startsWith('-') ? -1 : 1;
  const digits = bare.replace(/^[-+]/, '');
  if (/^0\d+$/.test(digits)) return sign * Number.parseInt(digits, 8);
  const value = sign * Number(digits);
  const isFloat = !/^0[xX]/.test(digits) && /[.eE]/.test(digits);
  return isFloat && Number.isInteger(value) ? new Float(value) : value;
}

/** The tokens of one action, read from left to right. */
class Words {
  readonly line: number;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[], line: number) {
    this.#tokens = tokens;
    this.line = line;
    this.skipSpace();
  }

  error(message: string): Error {
    return new Error(`line ${this.line}: ${message}`);
  }

  peekRaw(): Token | undefined {
    return this.#tokens[this.#at];
  }

  peek(): Token | undefined {
    this.skipSpace();
    return this.peekRaw();
  }

  /** The next token; blanks before it are skipped, blanks behind it are left. */
  next(): Token | undefined {
    this.skipSpace();
    return this.#tokens[this.#at++];
  }

  skipSpace(): void {
    while (this.#tokens[this.#at]?.type === 'space') this.#at++;
  }

  skip(type: Token['type']): boolean {
    if (this.peek()?.type !== type) return false;
    this.#at++;
    return true;
  }

  /** Fields that follow without a blank. */
  fields(): string[] {
    const fields: string[] = [];
    while (this.peekRaw()?.type === 'field') fields.push(this.#tokens[this.#at++]!.text.slice(1));
    return fields;
  }

  /** `$x :=`, `$x =`, and for range `$i, $x :=`. */
  declaration(isRange: boolean): { variables: string[]; isAssignment: boolean } | undefined {
    const solid = this.#tokens
      .map((token, i) => ({ token, i }))
      .filter(({ token, i }) => i >= this.#at && token.type !== 'space');
    const names: string[] = [];
    let k = 0;
    while (solid[k]?.token.type === 'variable') {
      names.push(solid[k++]!.token.text);
      if (solid[k]?.token.type !== 'comma') break;
      k++;
    }
    const sign = solid[k]?.token.type;
    if (names.length === 0 || (sign !== 'declare' && sign !== 'assign')) return undefined;
    if (names.length > (isRange ? 2 : 1)) throw this.error('too many declarations');
    this.#at = solid[k]!.i + 1;
    return { variables: names, isAssignment: sign === 'assign' };
  }

  expectEnd(where: string): void {
    const token = this.peek();
    if (token !== undefined) throw this.error(`unexpected ${JSON.stringify(token.text)} in ${where}`);
  }
}
