/** Go's duration text, such as `1m30s`. Pure. */
import { usageError } from './errors.ts';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds. Throws CLI_USAGE that names the flag. */
export function parseDuration(text: string, flag: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text) && text !== '0') {
    throw usageError(`${flag}: '${text}' is not a duration such as 10s`);
  }
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * (unitsMs[unit!] ?? 0);
  return total;
}
