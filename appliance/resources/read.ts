/**
 * Reads unknown JSON by a schema: checks, normalises, and returns a copy with its keys in the order of the schema.
 * Second step of a write (after parsing, before defaults) and of every read from the store. Pure; never throws on data.
 * Strict reading follows Calico's API; lenient reading is what its store client does (types only, unknown keys skipped).
 * What strict reading refuses stands in the copy as `null`, at its place, so that checks can go on (`legible.ts`).
 */
import type { Problem } from '../lib/problem.ts';
import {
  type ListSchema,
  type MapSchema,
  type NumberSchema,
  type ObjectSchema,
  type ScalarSchema,
  type Schema,
  type TextSchema,
  zeroOf,
} from '../lib/schema.ts';

/** How to read, and where to put what is wrong. */
export interface Reading {
  /** False: only what cannot be understood at all is a problem. */
  readonly strict: boolean;
  readonly problems: Problem[];
  /** Where fields the schema does not know are reported; absent: they are skipped in silence. */
  readonly unknown?: Problem[] | undefined;
}

/** The value in its normal form; when it is wrong, `reading.problems` says why and null stands for it (undefined if lenient). */
export function readBySchema(schema: Schema, input: unknown, path: string, reading: Reading): unknown {
  switch (schema.type) {
    case 'object':
      return readObject(schema, input, path, reading);
    case 'map':
      return readMap(schema, input, path, reading);
    case 'list':
      return readList(schema, input, path, reading);
    case 'text':
      return readText(schema, input, path, reading);
    case 'integer':
    case 'number':
      return readNumber(schema, input, path, reading);
    case 'boolean':
      return typeof input === 'boolean' ? input : refuse(reading, path, 'must be true or false', input);
    case 'scalar':
      return readScalar(schema, input, path, reading);
    case 'any':
      return input;
  }
}

/** `base.key`, or `base["odd key"]` when the key is not a plain word. */
export function memberPath(base: string, key: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key) && key.length <= 64) return base === '' ? key : `${base}.${key}`;
  return `${base}[${JSON.stringify(key.length > 128 ? `${key.slice(0, 125)}...` : key)}]`;
}

/** A plain JSON object: not null, not a list, not a class instance. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A problem whose value is kept only when it is short and printable. */
export function problemOf(path: string, message: string, value?: unknown): Problem {
  const isShown =
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value)) ||
    (typeof value === 'string' && /^[\x20-\x7e]{1,64}$/.test(value));
  return isShown ? { path, message, value } : { path, message };
}

function refuse(reading: Reading, path: string, message: string, value?: unknown): null | undefined {
  reading.problems.push(problemOf(path, message, value));
  return reading.strict ? null : undefined;
}

function readObject(schema: ObjectSchema, input: unknown, path: string, reading: Reading): unknown {
  if (!isRecord(input)) return refuse(reading, path, 'must be an object', input);
  const out: Record<string, unknown> = {};
  for (const key in schema.properties) {
    const value = readProperty(schema, key, input, path, reading);
    if (value !== undefined) out[key] = value;
  }
  if (reading.unknown !== undefined) reading.unknown.push(...unknownKeys(schema, input, path));
  return out;
}

function readProperty(
  schema: ObjectSchema,
  key: string,
  input: Record<string, unknown>,
  path: string,
  reading: Reading,
): unknown {
  const property = schema.properties[key]!;
  const given = Object.hasOwn(input, key) ? input[key] : undefined;
  const emit = property.emit ?? 'filled';
  const isRequired = schema.required?.includes(key) === true;
  const isAbsent =
    given === undefined ||
    given === null ||
    (emit === 'filled' && isUnfilled(property, given)) ||
    (emit === 'always' && given === '' && !isRequired); // Go's zero value of a text, as its own reader prints it
  if (isAbsent) {
    if (reading.strict && isRequired) return refuse(reading, `${path}.${key}`, 'is required');
    return emit === 'always' ? absentValue(property, reading) : undefined;
  }
  const value = readBySchema(property, given, `${path}.${key}`, reading);
  return emit === 'filled' && isZero(value) ? undefined : value;
}

/** What a field that is always there has when nobody gave it: its default on the way in, zero when read from the store. */
function absentValue(schema: Schema, reading: Reading): unknown {
  return reading.strict && schema.default !== undefined ? schema.default : zeroOf(schema);
}

/** A given value that counts as absent; only of the right type, since `selector: 0` is a mistake and not an absence. */
function isUnfilled(schema: Schema, given: unknown): boolean {
  if (schema.type === 'text') return given === '';
  if (schema.type === 'integer') return given === 0;
  return schema.type === 'list' && Array.isArray(given) && given.length === 0;
}

/** What Go's `omitempty` (and `omitzero` on our structs) leaves out. */
function isZero(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

function unknownKeys(schema: ObjectSchema, input: Record<string, unknown>, path: string): Problem[] {
  return Object.keys(input)
    .filter((key) => !Object.hasOwn(schema.properties, key))
    .map((key) => problemOf(memberPath(path, key), 'unknown field'));
}

function readMap(schema: MapSchema, input: unknown, path: string, reading: Reading): unknown {
  if (!isRecord(input)) return refuse(reading, path, 'must be an object', input);
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(input)) {
    const at = memberPath(path, key);
    if (key === '__proto__') {
      refuse(reading, at, 'is not a legal key');
      continue;
    }
    const value = readBySchema(schema.values, input[key] ?? zeroOf(schema.values), at, reading);
    if (value !== undefined) out[key] = value;
  }
  return out;
}

function readList(schema: ListSchema, input: unknown, path: string, reading: Reading): unknown {
  if (!Array.isArray(input)) return refuse(reading, path, 'must be a list', input);
  if (reading.strict && schema.minItems !== undefined && input.length < schema.minItems) {
    return refuse(reading, path, `must have at least ${schema.minItems} entries`);
  }
  let length = input.length;
  if (reading.strict && schema.maxItems !== undefined && length > schema.maxItems) {
    refuse(reading, path, `must have at most ${schema.maxItems} entries, has ${length}`);
    // What is over the limit is not read: a hostile list costs no more than a legal one.
    length = schema.maxItems;
  }
  const out: unknown[] = [];
  for (let i = 0; i < length; i++) {
    const value = readBySchema(schema.items, input[i], `${path}[${i}]`, reading);
    if (value !== undefined) out.push(value);
  }
  return out;
}

function readText(schema: TextSchema, input: unknown, path: string, reading: Reading): unknown {
  if (typeof input !== 'string') return refuse(reading, path, 'must be a string', input);
  if (!reading.strict) return input;
  const message = textProblem(schema, input);
  return message === undefined ? input : refuse(reading, path, message, input);
}

function textProblem(schema: TextSchema, input: string): string | undefined {
  if (schema.maxLength !== undefined && input.length > schema.maxLength) {
    return `must be at most ${schema.maxLength} characters long`;
  }
  if (!input.isWellFormed()) return 'must be well-formed Unicode';
  if (schema.enum !== undefined && !isMember(schema, input)) return `must be one of ${schema.enum.join(', ')}`;
  if (schema.pattern !== undefined && !schema.pattern.test(input)) return `must match ${schema.pattern.source}`;
  return schema.check?.(input);
}

function isMember(schema: TextSchema, input: string): boolean {
  if (schema.ignoreCase !== true) return schema.enum!.includes(input);
  const lower = input.toLowerCase();
  return schema.enum!.some((word) => word.toLowerCase() === lower);
}

function readNumber(schema: NumberSchema, input: unknown, path: string, reading: Reading): unknown {
  if (typeof input !== 'number' || !Number.isFinite(input)) {
    return refuse(reading, path, `must be ${schema.type === 'integer' ? 'a whole number' : 'a number'}`, input);
  }
  if (schema.type === 'integer' && !Number.isSafeInteger(input)) {
    return refuse(reading, path, 'must be a whole number', input);
  }
  if (!reading.strict) return input;
  if (schema.enum !== undefined && !schema.enum.includes(input)) {
    return refuse(reading, path, `must be one of ${schema.enum.join(', ')}`, input);
  }
  if (schema.minimum !== undefined && input < schema.minimum) {
    return refuse(reading, path, `must be at least ${schema.minimum}`, input);
  }
  if (schema.maximum !== undefined && input > schema.maximum) {
    return refuse(reading, path, `must be at most ${schema.maximum}`, input);
  }
  return input;
}

function readScalar(schema: ScalarSchema, input: unknown, path: string, reading: Reading): unknown {
  const result = schema.read(input);
  if ('value' in result) return result.value;
  if (!reading.strict && (typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean')) {
    return input;
  }
  return refuse(reading, path, result.message, input);
}
