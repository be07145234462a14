/** Resources -> calicoctl's table: the kind's columns, aligned, with a blank line after it. Pure. */
import type { Column, ColumnContext, KindDefinition } from '#appliance/resources/define.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { usageError } from '../errors.ts';
import type { Format } from './format.ts';
import { alignColumns } from './tabwriter.ts';

export interface TableOptions {
  /** Put a NAMESPACE column first. */
  readonly hasNamespace: boolean;
  readonly context: ColumnContext;
  /** Neither headings nor the blank line. */
  readonly hasNoHeaders?: boolean;
}

/** The columns a format shows for a kind. Throws CLI_USAGE for a heading the kind does not have. */
export function columnsOf(kind: KindDefinition, format: Format): readonly Column[] {
  if (format.type === 'wide') return kind.columns.wide;
  if (format.type !== 'custom-columns') return kind.columns.ps;
  const all = allColumns(kind);
  return format.headings.map((heading) => {
    const column = all.get(heading);
    if (column !== undefined) return column;
    throw usageError(`unknown heading ${heading}, valid values are: ${[...all.keys()].sort().join(', ')}`);
  });
}

/** One table with its heading line and the blank line after it. */
export function printTable(columns: readonly Column[], resources: readonly Resource[], options: TableOptions): string {
  const shown = options.hasNamespace ? [namespaceColumn, ...columns] : columns;
  const rows = resources.map((resource) => shown.map((column) => column.cell(resource, options.context)));
  if (options.hasNoHeaders === true) return alignColumns(rows);
  return `${alignColumns([shown.map((column) => column.heading), ...rows])}\n`;
}

/** A column for each key, headed by what stands behind its last slash, and one for all labels. */
export function labelColumns(keys: readonly string[], isAll: boolean): Column[] {
  const columns = keys.map((key): Column => {
    const heading = (key.split('/').at(-1) ?? key).toUpperCase();
    return { heading, cell: ({ metadata }) => metadata.labels?.[key] ?? '' };
  });
  const print = (labels: Record<string, string>) =>
    Object.keys(labels)
      .sort()
      .map((key) => `${key}=${labels[key]}`)
      .join(',');
  const all: Column = { heading: 'LABELS', cell: ({ metadata }) => print(metadata.labels ?? {}) || '<none>' };
  return isAll ? [...columns, all] : columns;
}

export const namespaceColumn: Column = { heading: 'NAMESPACE', cell: (resource) => resource.metadata.namespace ?? '' };

/** Every heading that custom-columns may name; the first column of a name wins. */
function allColumns(kind: KindDefinition): Map<string, Column> {
  const { ps, wide, extra = [] } = kind.columns;
  const scope = kind.isNamespaced ? [namespaceColumn] : [];
  const all = new Map<string, Column>();
  for (const column of [...wide, ...ps, ...extra, ...scope]) {
    if (!all.has(column.heading)) all.set(column.heading, column);
  }
  return all;
}
