/** Figures of two servers side by side as text. Pure. */

/** One figure of both servers. */
export interface Row {
  /** What was done. */
  readonly point: string;
  /** What was measured of it, with its unit. */
  readonly figure: string;
  readonly ours: number;
  readonly etcd: number;
  readonly better: 'more' | 'less';
}

const widths = [42, 28, 12, 12, 9];

/** A line per row. The last column says how many times as good ours is: above 1 is better than etcd. */
export function printTable(rows: readonly Row[], { isHeadless = false } = {}): string {
  const head = isHeadless ? [] : [['point', 'figure', 'ours', 'etcd', 'as good']];
  const body = rows.map((row) => [row.point, row.figure, number(row.ours), number(row.etcd), ratio(row)]);
  return [...head, ...body].map(line).join('\n');
}

function line(cells: readonly string[]): string {
  return cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' ');
}

function ratio({ ours, etcd, better }: Row): string {
  const times = better === 'more' ? ours / etcd : etcd / ours;
  return Number.isFinite(times) ? `${times.toFixed(2)}x` : '-';
}

function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
