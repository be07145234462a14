/**
 * The order in which Go's YAML printer sorts map keys: digits by value, letters after other characters. Pure.
 * Source: observed behaviour of the yaml package that Calico's tools print with.
 */

const letter = /^\p{L}$/u;
const digit = /^\p{Nd}$/u;

/** Compares two keys; negative when `a` comes first. */
export function compareNaturally(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) {
    if (left[i] !== right[i]) return compareAt(left, right, i);
  }
  return left.length - right.length;
}

/** Decides at the first place where the keys differ. */
function compareAt(left: readonly string[], right: readonly string[], at: number): number {
  const leftIsLetter = letter.test(left[at] as string);
  const rightIsLetter = letter.test(right[at] as string);
  if (leftIsLetter && rightIsLetter) return compareCodePoints(left[at] as string, right[at] as string);
  if (leftIsLetter || rightIsLetter) {
    const isInsideNumber = at > 0 && digit.test(left[at - 1] as string);
    return leftIsLetter === isInsideNumber ? -1 : 1;
  }
  return compareNumbers(left, right, at) || compareCodePoints(left[at] as string, right[at] as string);
}

/** Compares the numbers that run through this place; without any, 0. */
function compareNumbers(left: readonly string[], right: readonly string[], at: number): number {
  const prefix = left[at] === '0' || right[at] === '0' ? significantPrefix(left, at) : '';
  const leftDigits = digitsFrom(left, at);
  const rightDigits = digitsFrom(right, at);
  const difference = BigInt(`${prefix}${leftDigits}` || '0') - BigInt(`${prefix}${rightDigits}` || '0');
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return leftDigits.length - rightDigits.length;
}

/** A leading 1 when digits before this place make its zeros count. */
function significantPrefix(key: readonly string[], at: number): '1' | '' {
  for (let i = at - 1; i >= 0 && digit.test(key[i] as string); i--) {
    if (key[i] !== '0') return '1';
  }
  return '';
}

function digitsFrom(key: readonly string[], from: number): string {
  let digits = '';
  for (let i = from; i < key.length && /^[0-9]$/.test(key[i] as string); i++) digits += key[i];
  return digits;
}

function compareCodePoints(a: string, b: string): number {
  return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
}
