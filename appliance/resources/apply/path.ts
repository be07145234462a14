/**
 * Paths into a resource, element by element, as `managedFields` names them: `f:spec`, `v:"10.0.0.0/8"`, `k:{"type":"Ready"}`.
 * Pure. Source: Kubernetes API concepts, "Field management" (format FieldsV1).
 */
import { compareText } from '../../lib/collections/compare-text.ts';
import { writeFree } from '../go-json.ts';

/** Elements joined by NUL, which no element has. The empty text is the resource itself. */
export type Path = string;

const separator = '\u0000';

/** The path of something inside of `base`. */
export function joinPath(base: Path, element: string): Path {
  return base === '' ? element : `${base}${separator}${element}`;
}

/** The elements of a path, outermost first. */
export function elementsOf(path: Path): string[] {
  return path === '' ? [] : path.split(separator);
}

/** The paths a path goes through, without itself and the resource. */
export function parentsOf(path: Path): Path[] {
  const parents: Path[] = [];
  for (let at = path.indexOf(separator); at !== -1; at = path.indexOf(separator, at + 1))
    parents.push(path.slice(0, at));
  return parents;
}

/** A member of a record. A NUL in its name, which only free maps could have, is spelled out. */
export function fieldElement(name: string): string {
  return `f:${name.replaceAll(separator, '\\u0000')}`;
}

/** A member of a set, by its value. */
export function valueElement(value: unknown): string {
  return `v:${writeFree(value)}`;
}

/** A member of a list of records, by what distinguishes it. */
export function keyElement(keys: Readonly<Record<string, unknown>>): string {
  return `k:${writeFree(keys)}`;
}

/** The element in its one spelling; undefined for what is none. */
export function parseElement(text: string): string | undefined {
  if (text.includes(separator)) return undefined;
  const rest = text.slice(2);
  if (text.startsWith('f:')) return text;
  if (text.startsWith('i:')) return /^-?\d{1,9}$/.test(rest) ? text : undefined;
  if (!text.startsWith('v:') && !text.startsWith('k:')) return undefined;
  const value = parseJson(rest);
  if (
    value === undefined ||
    (text.startsWith('k:') && (typeof value !== 'object' || Array.isArray(value) || value === null))
  )
    return undefined;
  return `${text.slice(0, 2)}${writeFree(value)}`;
}

/** As people read it in conflicts: `.spec.nets[="10.0.0.0/8"]`. */
export function printPath(path: Path): string {
  return elementsOf(path).map(printElement).join('');
}

function printElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (element.startsWith('i:')) return `[${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>).sort(([a], [b]) => compareText(a, b));
  return `[${keys.map(([key, value]) => `${key}=${writeFree(value)}`).join(',')}]`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no element: the caller says so
  }
}
