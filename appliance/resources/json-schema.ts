/** JSON Schema of a kind for OpenAPI: what `kubectl` reads to explain and check manifests. Pure. */
import { type ListSchema, type ObjectSchema, type Schema, zeroOf } from '../lib/schema.ts';
import { apiVersionOf, type KindDefinition, membersOf } from './define.ts';
import { describeFields } from './field-texts.ts';
import { metadataSchema } from './metadata.ts';

/** Plain JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schema of a whole resource of this kind. */
export function openApiSchema(kind: KindDefinition): JsonSchema {
  return describeFields({
    type: 'object',
    description: kind.description,
    properties: {
      apiVersion: { type: 'string', description: `Always ${apiVersionOf(kind)}.`, enum: [apiVersionOf(kind)] },
      kind: { type: 'string', description: `Always ${kind.kind}.`, enum: [kind.kind] },
      metadata: printSchema(metadataSchema),
      ...Object.fromEntries(Object.entries(membersOf(kind)).map(([key, schema]) => [key, printSchema(schema)])),
    },
    required: requiredOf(kind),
    additionalProperties: false,
    example: kind.example,
    'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.kind }],
  });
}

/** What POST must be given; kind and apiVersion are in its path. */
function requiredOf(kind: KindDefinition): readonly string[] {
  if (kind.members !== undefined) return ['metadata', ...(kind.members.required ?? [])];
  return (kind.spec.required ?? []).length > 0 ? ['metadata', 'spec'] : ['metadata'];
}

/** Schema of `metadata`, which all kinds share. */
export function metadataJsonSchema(): JsonSchema {
  return printSchema(metadataSchema);
}

/** Schema of one value. */
export function printSchema(schema: Schema): JsonSchema {
  const { description, default: byDefault } = schema;
  const printed = printType(schema);
  return {
    ...printed,
    ...('type' in printed && schema.emit === 'always' && zeroOf(schema) === null ? { nullable: true } : {}),
    ...(description === undefined ? {} : { description }),
    ...(byDefault === undefined ? {} : { default: byDefault }),
  };
}

function printType(schema: Schema): JsonSchema {
  switch (schema.type) {
    case 'object':
      return printObject(schema);
    case 'map':
      return { type: 'object', additionalProperties: printSchema(schema.values) };
    case 'list':
      return {
        type: 'array',
        items: printSchema(schema.items),
        ...pick(schema, ['minItems', 'maxItems']),
        ...printListType(schema),
      };
    case 'text':
      return {
        type: 'string',
        ...pick(schema, ['maxLength', 'format']),
        ...(schema.enum === undefined || schema.ignoreCase === true ? {} : { enum: schema.enum }),
        ...printPattern(schema.enum, schema.ignoreCase, schema.pattern ?? schema.shape),
      };
    case 'integer':
    case 'number':
      return { type: schema.type, ...pick(schema, ['minimum', 'maximum', 'enum']) };
    case 'boolean':
      return { type: 'boolean' };
    case 'scalar':
      return schema.json;
    case 'any':
      return { 'x-kubernetes-preserve-unknown-fields': true };
  }
}

/** How the members of a list merge, for clients that apply. */
function printListType({ listType, listMapKeys }: ListSchema): JsonSchema {
  return {
    ...(listType === undefined ? {} : { 'x-kubernetes-list-type': listType }),
    ...(listMapKeys === undefined ? {} : { 'x-kubernetes-list-map-keys': listMapKeys }),
  };
}

function printObject(schema: ObjectSchema): JsonSchema {
  const properties = Object.entries(schema.properties).map(([key, property]) => {
    const isRequired = schema.required?.includes(key) === true;
    const emit = property.emit ?? 'filled';
    const printed = printSchema(property);
    if (isRequired && emit === 'filled') return [key, { ...printed, ...printFilled(property) }];
    return [key, !isRequired && emit === 'always' && property.type === 'text' ? orEmpty(printed) : printed];
  });
  const required = (schema.required ?? []).length > 0 ? { required: schema.required } : {};
  return { type: 'object', properties: Object.fromEntries(properties), ...required, additionalProperties: false };
}

/** Of a required field that counts as absent with its zero value. */
function printFilled(schema: Schema): JsonSchema {
  if (schema.type === 'list') return { minItems: Math.max(schema.minItems ?? 0, 1) };
  if (schema.type === 'text' && schema.enum === undefined) return { minLength: 1 };
  return schema.type === 'integer' && schema.minimum === 0 ? { minimum: 1 } : {};
}

/** Of a text that is written even when it was not given. */
function orEmpty(printed: JsonSchema): JsonSchema {
  const { enum: words, pattern } = printed as { enum?: readonly string[]; pattern?: string };
  return {
    ...printed,
    ...(words === undefined ? {} : { enum: [...new Set([...words, ''])] }),
    ...(pattern === undefined ? {} : { pattern: `^$|${pattern}` }),
  };
}

function printPattern(
  words: readonly string[] | undefined,
  ignoreCase: boolean | undefined,
  pattern: RegExp | undefined,
): JsonSchema {
  if (pattern !== undefined) return { pattern: pattern.source };
  return words !== undefined && ignoreCase === true ? { pattern: `^(${words.map(anyCase).join('|')})$` } : {};
}

/** A word as a pattern that ignores case, which JSON Schema has no flag for. */
function anyCase(word: string): string {
  return word.replace(/[A-Za-z]/g, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);
}

function pick<T extends object>(schema: T, keys: readonly (keyof T & string)[]): JsonSchema {
  return Object.fromEntries(keys.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]));
}
