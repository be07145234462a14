/** The table of a kind that only the server knows, in the server's columns and calicoctl's layout. I/O through the client. */
import type { ApiClient } from '../client.ts';
import { alignColumns } from '../output/tabwriter.ts';

interface ServerTable {
  readonly columnDefinitions?: readonly { readonly name: string; readonly priority?: number }[];
  readonly rows?: readonly { readonly cells: readonly unknown[] }[];
}

/** Asks for the table of a path; columns of lower priority only when it is wide. */
export async function printServerTable(
  client: ApiClient,
  path: string,
  isWide: boolean,
  hasNoHeaders: boolean,
): Promise<string> {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const table = (await client.raw('GET', path, undefined, { accept })) as ServerTable;
  const columns = table.columnDefinitions ?? [];
  const shown = columns.flatMap(({ priority = 0 }, i) => (isWide || priority === 0 ? [i] : []));
  const rows = (table.rows ?? []).map(({ cells }) => shown.map((i) => printCell(cells[i])));
  if (hasNoHeaders) return alignColumns(rows);
  return `${alignColumns([shown.map((i) => columns[i]!.name.toUpperCase()), ...rows])}\n`;
}

function printCell(cell: unknown): string {
  if (cell === null || cell === undefined) return '<none>';
  return typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
}
