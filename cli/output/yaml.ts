/**
 * Prints JSON-like values as YAML in the layout of Calico's tools: keys sorted, lists not indented under their key. Pure.
 * Written for throughput: ten thousand policies are printed by plain string building, without a document tree.
 */
import { compareNaturally } from './natural-order.ts';
import { printScalar } from './yaml-scalar.ts';

type Scalar = string | number | boolean | null;

/** YAML text of a value, ended by a newline. Undefined members are left out. */
export function printYaml(value: unknown): string {
  if (isFilledList(value)) return printList(value, 0);
  if (isFilledMap(value)) return printMap(value, 0);
  return `${printInline(value, 0, 0)}\n`;
}

/** The lines of a map; the caller has written the margin of the first one. */
function printMap(map: Readonly<Record<string, unknown>>, indent: number): string {
  const margin = ' '.repeat(indent);
  let text = '';
  for (const key of sortedKeys(map)) {
    const value = map[key];
    const printedKey = printScalar(key, { column: indent, indent, isKey: true });
    text += `${text === '' ? '' : margin}${printedKey}:${printMember(value, indent, indent + printedKey.length + 2)}`;
  }
  return text;
}

/** What follows `key:`, with its newline. */
function printMember(value: unknown, indent: number, column: number): string {
  const margin = ' '.repeat(indent);
  if (isFilledList(value)) return `\n${margin}${printList(value, indent)}`;
  if (isFilledMap(value)) return `\n${margin}  ${printMap(value, indent + 2)}`;
  return ` ${printInline(value, indent, column)}\n`;
}

/** The lines of a list; the caller has written the margin of the first one. */
function printList(list: readonly unknown[], indent: number): string {
  const margin = ' '.repeat(indent);
  return list.map((item) => `- ${printItem(item, indent)}`).join(margin);
}

function printItem(item: unknown, indent: number): string {
  if (isFilledList(item)) return printList(item, indent + 2);
  if (isFilledMap(item)) return printMap(item, indent + 2);
  return `${printInline(item, indent, indent + 2)}\n`;
}

/** A value that stands on the line it starts on. */
function printInline(value: unknown, indent: number, column: number): string {
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object' && value !== null) return '{}';
  return printScalar((value ?? null) as Scalar, { column, indent: indent + 2, isKey: false });
}

function sortedKeys(map: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(map)
    .filter((key) => map[key] !== undefined)
    .sort(compareNaturally);
}

function isFilledList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0;
}

function isFilledMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).some((member) => member !== undefined)
  );
}
