/** Go's duration text to nanoseconds and back. Pure. Source: the grammar of Go's `time.ParseDuration` and `Duration.String`. */

const unitNanoseconds: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const int64Max = 2n ** 63n - 1n;

/** Nanoseconds of `1h2m3.5s`; undefined when it is not a duration or does not fit in 64 bits. */
export function parseDuration(source: string): bigint | undefined {
  const signed = /^([+-]?)(.*)$/s.exec(source)!;
  const rest = signed[2]!;
  if (rest === '0') return 0n;
  if (source.length > 64 || !/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/.test(rest))
    return undefined;
  let total = 0n;
  for (const [, digits, unit] of rest.matchAll(/([\d.]+)([a-z\u00b5\u03bc]+)/g))
    total += scaled(digits!, unitNanoseconds[unit!]!);
  if (total > int64Max) return undefined;
  return signed[1] === '-' ? -total : total;
}

/** Go's canonical text: `1m30s`, `15m0s`, `0s`, `500ms`, `1.5s`. */
export function printDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const n = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (n < 1_000n) return `${sign}${n}ns`;
  if (n < 1_000_000n) return `${sign}${decimal(n, 3)}\u00b5s`;
  if (n < 1_000_000_000n) return `${sign}${decimal(n, 6)}ms`;
  return sign + printClock(n);
}

function printClock(n: bigint): string {
  const seconds = `${decimal(n % 60_000_000_000n, 9)}s`;
  const minutes = n / 60_000_000_000n;
  if (minutes === 0n) return seconds;
  const hours = minutes / 60n;
  return hours === 0n ? `${minutes}m${seconds}` : `${hours}h${minutes % 60n}m${seconds}`;
}

/** `n` divided by ten to the `places`, without trailing zeros. */
function decimal(n: bigint, places: number): string {
  const digits = n.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return fraction === '' ? digits.slice(0, -places) : `${digits.slice(0, -places)}.${fraction}`;
}

/** A decimal text times a unit, cut to whole nanoseconds. */
function scaled(digits: string, unit: bigint): bigint {
  const [whole = '', fraction = ''] = digits.split('.');
  const value = BigInt(whole || '0') * unit;
  return fraction === '' ? value : value + (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length);
}
