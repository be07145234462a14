/** A table in a box of ASCII characters, as calicoctl's `ipam` and `node` commands print it: headings in the middle. Pure. */

export type Side = 'left' | 'right';

/** `sides`: on which side the cells of each column stand; left when it says nothing. */
export function printBox(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  sides: readonly Side[] = [],
): string {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const border = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const line = (cells: readonly string[]) => `|${cells.map((cell) => ` ${cell} `).join('|')}|`;
  const head = line(headings.map((heading, i) => centred(heading, widths[i]!)));
  const body = rows.map((row) =>
    line(
      widths.map((width, i) => (sides[i] === 'right' ? (row[i] ?? '').padStart(width) : (row[i] ?? '').padEnd(width))),
    ),
  );
  return `${[border, head, border, ...body, border].join('\n')}\n`;
}

function centred(text: string, width: number): string {
  return (' '.repeat(Math.floor((width - text.length) / 2)) + text).padEnd(width);
}
