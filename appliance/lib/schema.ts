/**
 * What a value may look like, as plain data: decoding, encoding, OpenAPI and reference pages all follow from one schema.
 * Pure. A schema library is not used here on purpose: the reader must normalise, locate and encode in the order of Go's
 * structs in the same walk, and loading one costs a command-line start (75 ms measured) more than everything else together.
 */

/**
 * When a field is written, in the words of Go's encoder: `filled` unless it has its zero value (`omitempty`),
 * `present` when it was given at all (a pointer), `always` even when it was not (no tag option).
 */
export type Emit = 'filled' | 'present' | 'always';

interface Described {
  readonly description?: string;
  /** What upstream fills in before storing; for readers of OpenAPI and the reference pages. */
  readonly default?: unknown;
  readonly emit?: Emit;
}

/** Closed record; the order of `properties` is the order of encoding. */
export interface ObjectSchema extends Described {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** Free keys, one schema for all values. */
export interface MapSchema extends Described {
  readonly type: 'map';
  readonly values: Schema;
}

export interface ListSchema extends Described {
  readonly type: 'list';
  readonly items: Schema;
  /** Whose members have owners of their own: of a `set` by value, of a `map` by `listMapKeys`. Absent means atomic, one field. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** `check` returns what is wrong with a text the other keywords accept. */
export interface TextSchema extends Described {
  readonly type: 'text';
  readonly enum?: readonly string[];
  /** Members of `enum` match in any case and are kept as written. */
  readonly ignoreCase?: boolean;
  readonly pattern?: RegExp;
  readonly maxLength?: number;
  /** OpenAPI's `format`. */
  readonly format?: string;
  readonly check?: (text: string) => string | undefined;
  /** What `check` accepts as a pattern, for readers of the schema; where a pattern cannot say it, `format` names it. */
  readonly shape?: RegExp;
}

export interface NumberSchema extends Described {
  readonly type: 'integer' | 'number';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly number[];
}

export interface BooleanSchema extends Described {
  readonly type: 'boolean';
}

/** Result of a scalar reader: the normal form, or what is wrong. */
export type ScalarReading = { readonly value: unknown } | { readonly message: string };

/** A value with several spellings and one normal form, such as a port or a duration. */
export interface ScalarSchema extends Described {
  readonly type: 'scalar';
  readonly name: string;
  /** JSON Schema keywords for OpenAPI. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly read: (value: unknown) => ScalarReading;
  /** Normal form (as stored JSON value) to the value written, when the two differ. */
  readonly write?: (value: unknown) => unknown;
  readonly zero?: unknown;
}

/** Any JSON, kept as it is. */
export interface AnySchema extends Described {
  readonly type: 'any';
}

export type Schema =
  | ObjectSchema
  | MapSchema
  | ListSchema
  | TextSchema
  | NumberSchema
  | BooleanSchema
  | ScalarSchema
  | AnySchema;

type Extra<T> = Omit<T, 'type'>;

/** A closed record. */
export function object(properties: ObjectSchema['properties'], rest: Partial<Extra<ObjectSchema>> = {}): ObjectSchema {
  return { type: 'object', properties, ...rest };
}

/** A record with free keys. */
export function map(values: Schema, rest: Partial<Extra<MapSchema>> = {}): MapSchema {
  return { type: 'map', values, ...rest };
}

/** A list of values, each at most once, in no order that matters. */
export function setOf(items: Schema, rest: Partial<Extra<ListSchema>> = {}): ListSchema {
  return { type: 'list', items, listType: 'set', ...rest };
}

/** A list in which order matters, or which has one owner for another reason. */
export function atomicList(items: Schema, rest: Partial<Extra<ListSchema>> = {}): ListSchema {
  return { type: 'list', items, listType: 'atomic', ...rest };
}

/** A list of records that are distinguished by these members. */
export function listByKeys(keys: readonly string[], items: Schema, rest: Partial<Extra<ListSchema>> = {}): ListSchema {
  return { type: 'list', items, listType: 'map', listMapKeys: keys, ...rest };
}

/** A list of equals. */
export function list(items: Schema, rest: Partial<Extra<ListSchema>> = {}): ListSchema {
  return { type: 'list', items, ...rest };
}

/** A text, free unless `rest` narrows it. */
export function text(rest: Extra<TextSchema> = {}): TextSchema {
  return { type: 'text', ...rest };
}

/** One of these words. */
export function oneOf(words: readonly string[], rest: Extra<TextSchema> = {}): TextSchema {
  return { type: 'text', enum: words, ...rest };
}

/** A whole number. */
export function integer(minimum?: number, maximum?: number, rest: Extra<NumberSchema> = {}): NumberSchema {
  return {
    type: 'integer',
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...rest,
  };
}

/** Any finite number. */
export function number(rest: Extra<NumberSchema> = {}): NumberSchema {
  return { type: 'number', ...rest };
}

/** True or false. */
export function boolean(rest: Extra<BooleanSchema> = {}): BooleanSchema {
  return { type: 'boolean', ...rest };
}

/** The same schema, written whenever it was given. */
export function present<T extends Schema>(schema: T): T {
  return { ...schema, emit: 'present' };
}

/** The same schema, written even when it was not given. */
export function always<T extends Schema>(schema: T): T {
  return { ...schema, emit: 'always' };
}

/** The same schema with its text for the reference page. */
export function described<T extends Schema>(description: string, schema: T): T {
  return { ...schema, description };
}

/** What an absent field with `emit: 'always'` is written as. */
export function zeroOf(schema: Schema): unknown {
  switch (schema.type) {
    case 'text':
      return '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'scalar':
      return schema.zero ?? null;
    case 'object':
      return zeroObject(schema);
    default:
      return null;
  }
}

function zeroObject(schema: ObjectSchema): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, property] of Object.entries(schema.properties)) {
    if (property.emit === 'always') out[key] = zeroOf(property);
  }
  return out;
}
