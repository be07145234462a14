/** Go's printf for the values a template can have. Pure. Source: package fmt. */
import { keysOf, kindOf, numberOf, printExponent, printFloat, printValue, quote, typeName } from './values.ts';

interface Flags {
  readonly isLeft: boolean;
  readonly hasPlus: boolean;
  readonly hasSpace: boolean;
  readonly isSharp: boolean;
  readonly hasZero: boolean;
  readonly width: number;
  readonly precision: number | undefined;
}

/** The formatted text; what does not fit its verb is said in Go's way, `%!d(string=x)`. */
export function printf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(
    /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?([^\n]|$)/gsu,
    (_all, signs: string, width: string | undefined, precision: string | undefined, verb: string) => {
      const count = (given: string | undefined) => (given === '*' ? Number(args[next++]) : Number(given ?? 0));
      const widthValue = count(width);
      const precisionValue = precision === undefined ? undefined : count(precision);
      if (verb === '') return '%!(NOVERB)';
      if (verb === '%') return '%';
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const flags: Flags = {
        isLeft: signs.includes('-') || widthValue < 0,
        hasPlus: signs.includes('+'),
        hasSpace: signs.includes(' '),
        isSharp: signs.includes('#'),
        hasZero: signs.includes('0') && !signs.includes('-'),
        width: Math.abs(widthValue),
        precision: precisionValue,
      };
      return printOne(verb, args[next++], flags);
    },
  );
  if (next >= args.length) return text;
  const extra = args.slice(next).map((arg) => (arg == null ? '<nil>' : `${typeName(arg)}=${printValue(arg)}`));
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

function printOne(verb: string, value: unknown, flags: Flags): string {
  if (verb === 'T') return pad(typeName(value), flags);
  if (verb === 'v' && value == null) return pad('<nil>', flags);
  const text = value == null ? undefined : printVerb(verb, value, flags);
  if (text !== undefined) return text;
  return value == null ? `%!${verb}(<nil>)` : `%!${verb}(${typeName(value)}=${printValue(value)})`;
}

/** Undefined when the verb does not take such a value. */
function printVerb(verb: string, value: unknown, flags: Flags): string | undefined {
  const kind = kindOf(value);
  if (kind === 'slice') return `[${(value as unknown[]).map((item) => printOne(verb, item, flags)).join(' ')}]`;
  if (kind === 'map') {
    const map = value as Record<string, unknown>;
    return `map[${keysOf(map)
      .map((key) => `${printOne(verb, key, flags)}:${printOne(verb, map[key], flags)}`)
      .join(' ')}]`;
  }
  if (kind === 'string') return printString(verb, value as string, flags);
  if (kind === 'bool') return verb === 't' || verb === 'v' ? pad(String(value), flags) : undefined;
  return kind === 'int' ? printInteger(verb, value as number, flags) : printFloating(verb, numberOf(value), flags);
}

function printString(verb: string, text: string, flags: Flags): string | undefined {
  const cut = flags.precision === undefined ? text : [...text].slice(0, flags.precision).join('');
  if (verb === 'v' && flags.isSharp) return pad(quote(text), flags);
  if (verb === 's' || verb === 'v') return pad(cut, flags);
  if (verb === 'q') return pad(quote(cut), flags);
  if (verb !== 'x' && verb !== 'X') return undefined;
  const hex = Buffer.from(text).toString('hex');
  return pad(verb === 'X' ? hex.toUpperCase() : hex, flags);
}

const bases: Readonly<Record<string, number>> = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };
const basePrefixes: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' };

function printInteger(verb: string, value: number, flags: Flags): string | undefined {
  if (verb === 'c') return pad(String.fromCodePoint(value), flags);
  if (verb === 'q') return pad(`'${String.fromCodePoint(value)}'`, flags);
  if (verb === 'U') return pad(`U+${value.toString(16).toUpperCase().padStart(4, '0')}`, flags);
  const base = bases[verb];
  if (base === undefined) return undefined;
  const digits = Math.abs(value)
    .toString(base)
    .padStart(flags.precision ?? 0, '0');
  const prefix = verb === 'O' ? '0o' : flags.isSharp ? (basePrefixes[verb] ?? '') : '';
  return padNumber(value < 0, `${prefix}${verb === 'X' ? digits.toUpperCase() : digits}`, flags);
}

function printFloating(verb: string, value: number, flags: Flags): string | undefined {
  const size = Math.abs(value);
  const { precision } = flags;
  let text: string;
  if (verb === 'v' || ((verb === 'g' || verb === 'G') && precision === undefined)) text = printFloat(size);
  else if (verb === 'f' || verb === 'F') text = size.toFixed(precision ?? 6);
  else if (verb === 'e' || verb === 'E') text = printExponent(size.toExponential(precision ?? 6));
  else if (verb === 'g' || verb === 'G') text = printGeneral(size, precision ?? 6);
  else return undefined;
  return padNumber(value < 0, verb === 'E' || verb === 'G' ? text.toUpperCase() : text, flags);
}

function printGeneral(size: number, precision: number): string {
  const digits = Math.max(precision, 1);
  const exponent = size === 0 ? 0 : Number(size.toExponential(digits - 1).split('e')[1]);
  if (exponent < -4 || exponent >= digits) {
    return printExponent(size.toExponential(digits - 1).replace(/\.?0+e/, 'e'));
  }
  const fixed = size.toFixed(Math.max(digits - 1 - exponent, 0));
  return fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
}

function padNumber(isNegative: boolean, digits: string, flags: Flags): string {
  const sign = isNegative ? '-' : flags.hasPlus ? '+' : flags.hasSpace ? ' ' : '';
  if (flags.hasZero && (flags.precision === undefined || digits.includes('.'))) {
    return sign + digits.padStart(flags.width - sign.length, '0');
  }
  return pad(sign + digits, { ...flags, hasZero: false });
}

function pad(text: string, { isLeft, width, hasZero }: Flags): string {
  const missing = Math.max(0, width - [...text].length);
  return isLeft ? text + ' '.repeat(missing) : (hasZero ? '0' : ' ').repeat(missing) + text;
}
