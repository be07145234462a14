/**
 * Lays text out in columns as Go's tabwriter does for calicoctl: least width 5, padding 3, each cell padded, the last one too.
 * Pure. Source: package text/tabwriter with minwidth 5, tabwidth 1, padding 3, padchar ' ', every cell ended by a tab.
 */

const widthMin = 5;
const padding = 3;

/**
 * The rows as aligned lines, each ended by a newline. Cells are counted in code points, as Go counts runes. `widths` is kept up, so that
 * rows that come later stand below those before.
 */
export function alignColumns(rows: readonly (readonly string[])[], widths: number[] = []): string {
  const cells = rows.map((row) => row.map(withoutControls));
  for (const row of cells) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? widthMin, lengthOf(cell) + padding);
    });
  }
  return cells.map((row) => `${row.map((cell, column) => padEnd(cell, widths[column] ?? 0)).join('')}\n`).join('');
}

/** A stored string may hold newlines or terminal controls; neither may break the table or reach the terminal. */
function withoutControls(cell: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return cell.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

function padEnd(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - lengthOf(cell)));
}

function lengthOf(cell: string): number {
  let length = 0;
  for (const _ of cell) length++;
  return length;
}
