/** JSON Schema of a kind for OpenAPI: what `kubectl` reads to explain and check manifests. Pure. */
import type { ListSchema, ObjectSchema, Schema } from '../lib/schema.ts';
import { apiVersionOf, type KindDefinition, membersOf } from './define.ts';
import { metadataSchema } from './metadata.ts';

/** Plain JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schema of a whole resource of this kind. */
export function openApiSchema(kind: KindDefinition): JsonSchema {
  return {
    type: 'object',
    description: kind.description,
    properties: {
      apiVersion: { type: 'string', description: `Always ${apiVersionOf(kind)}.` },
      kind: { type: 'string', description: `Always ${kind.kind}.` },
      metadata: printSchema(metadataSchema),
      ...Object.fromEntries(Object.entries(membersOf(kind)).map(([key, schema]) => [key, printSchema(schema)])),
    },
    ...(kind.members?.required && { required: kind.members.required }),
    'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.kind }],
  };
}

/** Schema of one value. */
function printSchema(schema: Schema): JsonSchema {
  const { description, default: byDefault } = schema;
  return {
    ...printType(schema),
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
        ...printPattern(schema.enum, schema.ignoreCase, schema.pattern),
      };
    case 'integer':
    case 'number':
      return { type: schema.type, ...pick(schema, ['minimum', 'maximum', 'enum']) };
    case 'boolean':
      return { type: 'boolean' };
    case 'scalar':
      return schema.json;
    case 'any':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
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
  const properties = Object.entries(schema.properties).map(([key, property]) => [key, printSchema(property)]);
  return { type: 'object', properties: Object.fromEntries(properties), ...pick(schema, ['required']) };
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
