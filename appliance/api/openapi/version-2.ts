/**
 * The document in OpenAPI 2.0 (Swagger), for clients older than version 3 and for `kubectl explain --output=plaintext-openapiv2`. What version 2
 * cannot say (one of several types, closed objects) is left out: it refuses less, never more. Pure. Source: OpenAPI specification 2.0.
 */
import type { OpenApi, Operation } from './document.ts';

type Json = Readonly<Record<string, unknown>>;

/** A document of version 2. */
export interface Swagger {
  readonly swagger: '2.0';
  readonly info: Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly definitions: Readonly<Record<string, Json>>;
  readonly responses: Json;
}

/** Converts the whole document. */
export function toVersion2(whole: OpenApi): Swagger {
  const { schemas, responses } = whole.components as { schemas: Record<string, Json>; responses: Record<string, Json> };
  return {
    swagger: '2.0',
    info: whole.info as Json,
    paths: mapValues(whole.paths, (item) => mapValues(item, toOperation)),
    definitions: mapValues(schemas, toSchema),
    responses: mapValues(responses, toResponse),
  };
}

function toOperation({ parameters = [], requestBody, responses, ...rest }: Operation): Json {
  const { content = {} } = (requestBody ?? {}) as { content?: Record<string, { schema: Json }> };
  const [first] = Object.values(content);
  const isRequired = (requestBody as Json | undefined)?.required === true;
  const body = first && [{ name: 'body', in: 'body', required: isRequired, schema: bodySchema(content) }];
  return {
    ...rest,
    ...(first && { consumes: Object.keys(content) }),
    produces: ['application/json'],
    parameters: [...(parameters as Json[]).map(toParameter), ...(body ?? [])],
    responses: mapValues(responses as Record<string, Json>, toResponse),
  };
}

/** There is one body for all its media types: what differs by type is any JSON. */
function bodySchema(content: Readonly<Record<string, { readonly schema: Json }>>): Json {
  const schemas = Object.values(content).map(({ schema }) => toSchema(schema));
  const isOne = schemas.every((schema) => JSON.stringify(schema) === JSON.stringify(schemas[0]));
  return isOne ? schemas[0]! : {};
}

function toParameter({ schema, ...rest }: Json): Json {
  return { ...rest, ...(schema as Json) };
}

function toResponse(response: Json): Json {
  if (typeof response.$ref === 'string') return { $ref: toReference(response.$ref) };
  const { content, headers, ...rest } = response as { content?: Record<string, { schema: Json }>; headers?: Json };
  const schema = Object.values(content ?? {})[0]?.schema;
  return {
    ...rest,
    ...(schema && { schema: toSchema(schema) }),
    ...(headers && { headers: mapValues(headers as Record<string, Json>, toParameter) }),
  };
}

/** Keywords of version 3 that version 2 has not. */
const dropped: readonly string[] = ['nullable', 'anyOf', 'additionalProperties', 'properties', 'items', '$ref'];

function toSchema(schema: Json): Json {
  if (typeof schema.$ref === 'string') return { $ref: toReference(schema.$ref) };
  const { properties, items, additionalProperties } = schema;
  return {
    ...Object.fromEntries(Object.entries(schema).filter(([keyword]) => !dropped.includes(keyword))),
    ...(isJson(properties) && { properties: mapValues(properties as Record<string, Json>, toSchema) }),
    ...(isJson(items) && { items: toSchema(items) }),
    ...(isJson(additionalProperties) && { additionalProperties: toSchema(additionalProperties) }),
  };
}

function toReference(reference: string): string {
  return reference
    .replace('#/components/schemas/', '#/definitions/')
    .replace('#/components/responses/', '#/responses/');
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
