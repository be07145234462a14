/** The functions every template has. Pure. Source: package text/template, "Functions". */
import { printf } from './printf.ts';
import { isTrue, kindOf, numberOf, printValue, type TemplateFunctions, typeName } from './values.ts';

/** `and` and `or` are evaluated by the caller, which does not evaluate what it need not. */
export const builtins: TemplateFunctions = {
  not: (value) => !isTrue(value),
  len,
  index,
  slice,
  print: (...values) => sprint(values),
  println: (...values) => `${values.map(printValue).join(' ')}\n`,
  printf: (format, ...values) => {
    if (typeof format !== 'string') throw wrong('printf', format, 'string');
    return printf(format, values);
  },
  html: (...values) => escapeHtml(sprint(values)),
  js: (...values) => escapeJavaScript(sprint(values)),
  urlquery: (...values) => escapeQuery(sprint(values)),
  eq: (first, ...others) => {
    if (others.length === 0) throw new Error('missing argument for comparison');
    return others.some((other) => isEqual(first, other));
  },
  ne: (a, b) => !isEqual(a, b),
  lt: (a, b) => isLess(a, b),
  le: (a, b) => isLess(a, b) || isEqual(a, b),
  gt: (a, b) => !(isLess(a, b) || isEqual(a, b)),
  ge: (a, b) => !isLess(a, b),
  call: () => {
    throw new Error('call of a value that is no function');
  },
};

/** How many arguments a function takes; others take any number. */
export const arities: Readonly<Record<string, readonly [number, number]>> = {
  not: [1, 1],
  len: [1, 1],
  index: [1, Number.POSITIVE_INFINITY],
  slice: [1, 4],
  printf: [1, Number.POSITIVE_INFINITY],
  eq: [1, Number.POSITIVE_INFINITY],
  ne: [2, 2],
  lt: [2, 2],
  le: [2, 2],
  gt: [2, 2],
  ge: [2, 2],
  and: [1, Number.POSITIVE_INFINITY],
  or: [1, Number.POSITIVE_INFINITY],
  join: [2, 2],
  joinAndTruncate: [3, 3],
  config: [1, 1],
};

/** A blank between two values when neither is a string. */
function sprint(values: readonly unknown[]): string {
  return values
    .map((value, i) => {
      const isApart = i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string';
      return (isApart ? ' ' : '') + printValue(value);
    })
    .join('');
}

function wrong(name: string, value: unknown, expected: string): Error {
  return new Error(`wrong type for value in ${name}; expected ${expected}; got ${typeName(value)}`);
}

function len(value: unknown): number {
  const kind = kindOf(value);
  if (kind === 'string') return Buffer.byteLength(value as string);
  if (kind === 'slice') return (value as unknown[]).length;
  if (kind === 'map') return Object.keys(value as object).length;
  throw new Error(kind === 'invalid' ? 'len of nil pointer' : `len of type ${typeName(value)}`);
}

function index(value: unknown, ...keys: readonly unknown[]): unknown {
  let at = value;
  for (const key of keys) at = indexOnce(at, key);
  return at;
}

function indexOnce(value: unknown, key: unknown): unknown {
  const kind = kindOf(value);
  if (kind === 'invalid') throw new Error('index of untyped nil');
  if (kind === 'map') {
    if (typeof key !== 'string') throw new Error(`value has type ${typeName(key)}; should be string`);
    // a map that lacks the key gives the zero value of its values: nil
    return Object.hasOwn(value as object, key) ? (value as Record<string, unknown>)[key] : null;
  }
  if (kind !== 'slice' && kind !== 'string') throw new Error(`can't index item of type ${typeName(value)}`);
  const items = kind === 'string' ? Buffer.from(value as string) : (value as unknown[]);
  return items[position(key, items.length - 1, 'index')];
}

function position(key: unknown, max: number, what: string): number {
  if (kindOf(key) === 'invalid') throw new Error(`cannot ${what} slice/array with nil`);
  if (kindOf(key) !== 'int') throw new Error(`cannot ${what} slice/array with type ${typeName(key)}`);
  const at = key as number;
  if (at < 0 || at > max) throw new Error(`index out of range: ${at}`);
  return at;
}

function slice(value: unknown, ...bounds: readonly unknown[]): unknown {
  const kind = kindOf(value);
  if (kind === 'invalid') throw new Error('slice of untyped nil');
  if (kind !== 'slice' && kind !== 'string') throw new Error(`can't slice item of type ${typeName(value)}`);
  if (kind === 'string' && bounds.length === 3) throw new Error('cannot 3-index slice a string');
  const items = kind === 'string' ? Buffer.from(value as string) : (value as unknown[]);
  const [from = 0, to = items.length] = bounds.map((bound) => position(bound, items.length, 'slice'));
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  const part = items.slice(from, to);
  return kind === 'string' ? part.toString() : part;
}

function isEqual(a: unknown, b: unknown): boolean {
  const [left, right] = [kindOf(a), kindOf(b)];
  if (left === 'map' || left === 'slice') throw new Error(`non-comparable type ${typeName(a)}`);
  if (right === 'map' || right === 'slice') throw new Error(`non-comparable type ${typeName(b)}`);
  if (left === 'invalid' || right === 'invalid') return left === right;
  if (left !== right) throw new Error('incompatible types for comparison');
  return left === 'float64' ? numberOf(a) === numberOf(b) : a === b;
}

function isLess(a: unknown, b: unknown): boolean {
  const [left, right] = [kindOf(a), kindOf(b)];
  if (left === 'invalid' || right === 'invalid' || ['bool', 'map', 'slice'].includes(left)) {
    throw new Error('invalid type for comparison');
  }
  if (left !== right) throw new Error('incompatible types for comparison');
  if (left === 'string') return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)) < 0;
  return numberOf(a) < numberOf(b);
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
};

function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, (character) => htmlEscapes[character]!);
}

const scriptEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

function escapeJavaScript(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
  return text.replace(/[\\'"<>&=\u0000-\u001f]/g, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return scriptEscapes[character] ?? `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

function escapeQuery(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
