/** Cells that several kinds share, as calicoctl and the Kubernetes Table form print them. Pure. */
import type { Column, TableColumn } from './define.ts';
import type { Resource } from './resource.ts';

/** First column of nearly every table. */
export const nameColumn: Column = { heading: 'NAME', cell: (resource) => resource.metadata.name };

/** Name in the Kubernetes Table form. */
export const nameTableColumn: TableColumn = {
  name: 'Name',
  type: 'string',
  description: 'Name of the object.',
  priority: 0,
  cell: (resource) => resource.metadata.name,
};

/** When the object was created; clients print it as an age. */
export const ageTableColumn: TableColumn = {
  name: 'Age',
  type: 'date',
  description: 'When the object was created.',
  priority: 0,
  cell: (resource) => resource.metadata.creationTimestamp ?? null,
};

/** A column that prints `spec.<field>`; `unset` when it is absent. */
export function specColumn(heading: string, field: string, unset = ''): Column {
  return { heading, cell: (resource) => printed(resource.spec[field], unset) };
}

/** A Kubernetes Table column over `spec.<field>`. */
export function specTableColumn(
  name: string,
  field: string,
  description: string,
  type: TableColumn['type'] = 'string',
): TableColumn {
  return { name, type, description, priority: 0, cell: (resource) => tableCell(resource.spec[field]) };
}

/** A Kubernetes Table column that only `-o wide` shows. */
export function wideTableColumn(name: string, description: string, cell: TableColumn['cell']): TableColumn {
  return { name, type: 'string', description, priority: 1, cell };
}

/** Go's text of an unset pointer. */
export const goNil = '<nil>';

/** ORDER of policies and tiers, a float or nothing. */
export const orderColumn: Column = {
  heading: 'ORDER',
  cell: ({ spec }) => (typeof spec.order === 'number' ? goFloat(spec.order) : goNil),
};

/** Go's default text of a float: shortest digits, exponents of two digits below 1e-4 and from 1e6. */
export function goFloat(value: number): string {
  if (value === 0) return '0';
  const [mantissa, power] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** Joined with commas and cut at 80 characters, as calicoctl prints lists of networks. */
export function joinedAndCut(items: unknown): string {
  const joined = strings(items).join(',');
  return joined.length > 80 ? `${joined.slice(0, 77)}...` : joined;
}

/** Joined with commas. */
export function joined(items: unknown): string {
  return strings(items).join(',');
}

/** Pairs joined with commas. */
export function printPairs(pairs: unknown): string {
  return Object.entries(pairs ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** The status of a condition in `status.conditions`, or the field `what` of it. */
export function conditionOf(resource: Resource, type: string, what: 'status' | 'reason'): string {
  const conditions = resource.status?.conditions;
  if (!Array.isArray(conditions)) return '';
  const found = conditions.find((condition) => condition?.type === type);
  return found === undefined ? '' : String(found[what] ?? '');
}

function printed(value: unknown, unset: string): string {
  if (value === undefined || value === null) return unset;
  return Array.isArray(value) ? value.join(',') : String(value);
}

function tableCell(value: unknown): string | number | boolean | null {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return Array.isArray(value) ? JSON.stringify(value) : null;
}

function strings(items: unknown): string[] {
  return Array.isArray(items) ? items.map(String) : [];
}
