/** A line of figures beside what is aimed at, as text. Pure. */

export interface ApiRow {
  /** What was done. */
  readonly point: string;
  /** What was measured, with its unit. */
  readonly figure: string;
  readonly value: number;
  /** At most this, or nothing where nothing was promised. */
  readonly aim?: number;
  /** The same of upstream's program on such a machine, where it was measured. */
  readonly upstream?: number;
}

const widths = [40, 26, 11, 9, 11, 11];

/** A table; the last columns say how much of the aim was used, and how many times upstream's figure ours is. */
export function printRows(rows: readonly ApiRow[], { isHeadless = false } = {}): string {
  const head = ['point', 'figure', 'ours', 'aim', 'of the aim', 'of upstream'];
  const body = rows.map(({ point, figure, value, aim, upstream }) => [
    point,
    figure,
    number(value),
    aim === undefined ? '-' : `< ${number(aim)}`,
    share(value, aim),
    share(value, upstream),
  ]);
  return [...(isHeadless ? [] : [head]), ...body].map(line).join('\n');
}

function share(value: number, of: number | undefined): string {
  return of === undefined ? '-' : `${Math.round((100 * value) / of)} %`;
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
    .join(' ')
    .trimEnd();
}

function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
