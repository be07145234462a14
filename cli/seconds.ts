/** Lengths of time as people write them on the command line: `90s`, `10m`, `1h30m`, `7d`. Pure. */
import { usageError } from './errors.ts';

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Whole seconds. Throws CLI_USAGE. */
export function parseSeconds(text: string, flag: string): number {
  if (!/^(\d{1,8}[smhd]){1,4}$/.test(text))
    throw usageError(`${flag}: '${text}' is not a time such as 90s, 10m, 1h or 7d`);
  return Array.from(text.matchAll(/(\d+)([smhd])/g)).reduce(
    (sum, [, n, unit]) => sum + Number(n) * unitSeconds[unit!]!,
    0,
  );
}
