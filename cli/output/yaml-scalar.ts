/**
 * Prints one YAML scalar the way Go's printer chooses: plain where possible, else single quotes, double quotes or a literal block.
 * What a YAML 1.1 reader would take for a boolean, number, date or base-60 number is quoted. Pure.
 */

const lineWidth = 80;

/** Nothing else than a string by any rule below: too long for a word, and no number, date or sign begins with a letter. */
const evident = /^[A-Za-z][A-Za-z0-9_./-]{5,}$/;

const words =
  /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE|~|null|Null|NULL|<<|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
/** A lone point too: YAML 1.1 asks for no digit beside it. */
const float = /^[-+]?(?:\.[0-9]*|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const radixInteger = /^[-+]?0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)$/;
const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const timestamp =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2}))|(?: [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?))?$/;

// Characters YAML does not take as they are: controls, line separators, the byte order mark, lone surrogates.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const special = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\p{Cs}/u;
const indicatorFirst = /^(?:[#,[\]{}&*!|>'"%@`]|[-?:](?:\s|$)|---|\.\.\.)/;
const indicatorInside = /:(?:\s|$)|\s#/;

/** Where a scalar stands: the column its text starts at, and the indentation of lines that continue it. */
export interface ScalarPlace {
  readonly column: number;
  readonly indent: number;
  /** Keys stay on one line. */
  readonly isKey: boolean;
}

/** The YAML text of a string, number, boolean or null. */
export function printScalar(value: string | number | boolean | null, place: ScalarPlace): string {
  if (typeof value === 'string') return printString(value, place);
  if (typeof value === 'number') return printNumber(value);
  return String(value);
}

function printString(text: string, place: ScalarPlace): string {
  if (evident.test(text)) return text; // without a space there is nothing to fold at
  if (text.includes('\n')) return isLiteral(text, place) ? printLiteral(text, place.indent) : printDouble(text, place);
  if (text === '' || isTaggedOtherwise(text)) return printDouble(text, place);
  if (special.test(text)) return printDouble(text, place);
  if (needsQuotes(text)) return printSingle(text, place);
  return fold(text, place, 0);
}

/** True when a reader would not take the bare text for a string. */
function isTaggedOtherwise(text: string): boolean {
  const digits = text.replaceAll('_', '');
  return (
    words.test(text) || float.test(digits) || radixInteger.test(digits) || base60.test(text) || timestamp.test(text)
  );
}

function needsQuotes(text: string): boolean {
  return text.startsWith(' ') || text.endsWith(' ') || indicatorFirst.test(text) || indicatorInside.test(text);
}

function isLiteral(text: string, place: ScalarPlace): boolean {
  return !place.isKey && !special.test(text) && !/ $/.test(text) && !/ \n/.test(text);
}

function printLiteral(text: string, indent: number): string {
  const hint = /^[ \n]/.test(text) ? '2' : '';
  const chomp = text.endsWith('\n') ? (text === '\n' || text.endsWith('\n\n') ? '+' : '') : '-';
  const body = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  const margin = ' '.repeat(indent);
  return `|${hint}${chomp}\n${body.map((line) => (line === '' ? '' : margin + line)).join('\n')}`;
}

function printSingle(text: string, place: ScalarPlace): string {
  return `'${fold(text.replaceAll("'", "''"), place, 1)}'`;
}

const shortEscapes: Record<string, string> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\x85': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function printDouble(text: string, place: ScalarPlace): string {
  let escaped = '';
  for (const character of text) escaped += escapeCharacter(character);
  return `"${fold(escaped, place, 1)}"`;
}

function escapeCharacter(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  if (!special.test(character)) return character;
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
}

/** Breaks long text at single spaces once the line is past its width; a reader joins the lines with a space again. */
function fold(text: string, place: ScalarPlace, quoteWidth: 0 | 1): string {
  if (place.isKey || place.column + text.length <= lineWidth) return text;
  let column = place.column + quoteWidth;
  let folded = '';
  const characters = [...text];
  characters.forEach((character, i) => {
    const isInside = i > 0 && i < characters.length - 1;
    const isSingle = character === ' ' && characters[i - 1] !== ' ' && characters[i + 1] !== ' ';
    if (isSingle && isInside && column > lineWidth) {
      folded += `\n${' '.repeat(place.indent)}`;
      column = place.indent;
    } else {
      folded += character;
      column++;
    }
  });
  return folded;
}

/** Go's shortest form: integers as they are, else an exponent below 1e-4 and from 1e6. */
function printNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e6) return String(value);
  return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
}
