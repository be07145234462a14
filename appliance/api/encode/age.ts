/** How long ago something was, as kubectl's tables have it. Pure. */

const units = [
  ['y', 365 * 86_400],
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** `42s`, `5m10s`, `3h`, `12d`, `2y35d`: one unit, or two while the larger one is small; empty for what is no time. */
export function printAge(timestamp: string, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(timestamp)) / 1000));
  if (Number.isNaN(seconds)) return '';
  const at = units.findIndex(([, size], i) => seconds >= startOf[i]! * size);
  const [unit, size] = units[at] ?? units[4];
  const whole = Math.floor(seconds / size);
  const next = units[at + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1]);
  return whole < twoUnitsBelow[at]! && rest > 0 ? `${whole}${unit}${rest}${next![0]}` : `${whole}${unit}`;
}

/** A unit is used from so many of it on, by unit: 120s is still told in seconds less one. */
const startOf = [2, 2, 3, 2, 0];
/** Below so many a second unit follows. */
const twoUnitsBelow = [8, 8, 8, 10, 0];
