/**
 * Writes resources as Go's `encoding/json` does, byte for byte: struct order, omission rules, sorted map keys, escapes.
 * Last step before the store. Pure. Source: the rules of Go's encoder for Calico's structs.
 */
import { compareText } from '../lib/collections/compare-text.ts';
import { type ObjectSchema, type Schema, zeroOf } from '../lib/schema.ts';

/** `value` by its schema; the result is one line without blanks. */
export function writeBySchema(schema: Schema, value: unknown): string {
  if (value === undefined || value === null)
    return schema.type === 'object' ? writeObject(schema, {}) : writeFree(zeroOf(schema));
  switch (schema.type) {
    case 'object':
      return writeObject(schema, value as Record<string, unknown>);
    case 'list':
      return `[${(value as unknown[]).map((item) => writeBySchema(schema.items, item)).join(',')}]`;
    case 'scalar':
      return writeFree(schema.write === undefined ? value : schema.write(value));
    default:
      return writeFree(value);
  }
}

/** JSON of free form: keys sorted by bytes, as Go prints maps. */
export function writeFree(value: unknown): string {
  if (typeof value === 'string') return writeString(value);
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (Array.isArray(value)) return `[${value.map(writeFree).join(',')}]`;
  if (typeof value !== 'object' || value === null) return 'null';
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort(compareText);
  return `{${keys.map((key) => `${writeString(key)}:${writeFree(record[key])}`).join(',')}}`;
}

/** A string as Go quotes it: `<`, `>`, `&` and the two line separators escaped besides what JSON demands. */
export function writeString(value: string): string {
  const quoted = JSON.stringify(value.toWellFormed());
  return /[<>&\u2028\u2029]/.test(quoted)
    ? quoted.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : quoted;
}

/** A number in Go's shortest form: exponents only below 1e-6 and from 1e21, which is where JavaScript has them. */
function writeNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function writeObject(schema: ObjectSchema, value: Record<string, unknown>): string {
  const parts: string[] = [];
  for (const [key, property] of Object.entries(schema.properties)) {
    const member = value[key];
    if (isWritten(property, member)) parts.push(`${writeString(key)}:${writeBySchema(property, member)}`);
  }
  return `{${parts.join(',')}}`;
}

function isWritten(schema: Schema, value: unknown): boolean {
  if (schema.emit === 'always') return true;
  if (value === undefined || value === null) return false;
  if (schema.emit === 'present') return true;
  if (value === '' || value === 0 || value === false) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
