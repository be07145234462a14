/**
 * JSON values as Go's templates see them: what they are called, whether they are true, and how they print. Pure.
 * Whole numbers are Go's int, others float64; an absent key is `undefined` (Go's "no value"), null is nil. Source: packages text/template and fmt.
 */

/** A float whose value is whole, which a plain number would not tell from an int. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export type Kind = 'invalid' | 'bool' | 'int' | 'float64' | 'string' | 'slice' | 'map';

/** Functions by name; they throw an Error to refuse. */
export type TemplateFunctions = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** What Go would call the value. */
export function kindOf(value: unknown): Kind {
  if (value === undefined || value === null) return 'invalid';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'string') return 'string';
  if (value instanceof Float) return 'float64';
  return Array.isArray(value) ? 'slice' : 'map';
}

const typeNames: Readonly<Record<Kind, string>> = {
  invalid: '<nil>',
  bool: 'bool',
  int: 'int',
  float64: 'float64',
  string: 'string',
  slice: '[]interface {}',
  map: 'map[string]interface {}',
};

/** The Go type, as `%T` prints it. */
export function typeName(value: unknown): string {
  return typeNames[kindOf(value)];
}

/** The number of an int or float64. */
export function numberOf(value: unknown): number {
  return value instanceof Float ? value.value : (value as number);
}

/** Go's notion of truth: not zero, not empty. */
export function isTrue(value: unknown): boolean {
  switch (kindOf(value)) {
    case 'invalid':
      return false;
    case 'int':
    case 'float64':
      return numberOf(value) !== 0;
    case 'slice':
      return (value as unknown[]).length > 0;
    case 'map':
      return Object.keys(value as object).length > 0;
    default:
      return Boolean(value);
  }
}

/** Keys in the order Go ranges over a map. */
export function keysOf(map: object): string[] {
  return Object.keys(map).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** As `%v` prints a value. */
export function printValue(value: unknown): string {
  switch (kindOf(value)) {
    case 'invalid':
      return '<nil>';
    case 'float64':
      return printFloat(numberOf(value));
    case 'slice':
      return `[${(value as unknown[]).map(printValue).join(' ')}]`;
    case 'map':
      return `map[${keysOf(value as object)
        .map((key) => `${key}:${printValue((value as Record<string, unknown>)[key])}`)
        .join(' ')}]`;
    default:
      return String(value);
  }
}

/** Go's shortest form of a float: an exponent below 1e-4 and from 1e6 on. */
export function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const exponent = Number(value.toExponential().split('e')[1]);
  return exponent < -4 || exponent >= 6 ? printExponent(value.toExponential()) : String(value);
}

/** JavaScript's exponent with at least two digits, as Go's. */
export function printExponent(text: string): string {
  return text.replace(/e([-+])(\d)$/, 'e$10$2');
}

/** As Go quotes a string. */
export function quote(text: string): string {
  let quoted = '';
  for (const character of text) quoted += quoteCharacter(character);
  return `"${quoted}"`;
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function quoteCharacter(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) return character;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
