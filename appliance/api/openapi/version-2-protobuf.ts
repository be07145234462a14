/**
 * The document of version 2 in the protobuf form that kubectl asks for, as far as kubectl reads it: definitions, and of paths the parameters of
 * patches. Pure. Source: Protocol Buffers documentation, "Encoding"; field numbers of `openapi.v2` in gnostic-models (OpenAPIv2.proto).
 */
import type { Swagger } from './version-2.ts';

type Json = Readonly<Record<string, unknown>>;

/** Encodes the document. */
export function encodeVersion2({ info, paths, definitions }: Swagger): Buffer {
  return Buffer.concat([
    text(1, '2.0'),
    message(2, text(1, info.title), text(2, info.version)),
    message(8, ...Object.entries(paths).flatMap(([path, item]) => encodePath(path, item.patch))),
    message(9, ...named(1, definitions, encodeSchema)),
  ]);
}

/** kubectl looks for the kind of a patch and whether it takes `dryRun` and `fieldValidation`. */
function encodePath(path: string, patch: Json | undefined): readonly Buffer[] {
  if (patch === undefined) return [];
  const query = (patch.parameters as readonly Json[]).filter((parameter) => parameter.in === 'query');
  const operation = message(
    8,
    text(2, patch.summary),
    text(5, patch.operationId),
    ...query.map((one) => message(8, message(1, message(2, message(3, ...queryFields(one)))))),
    message(9, message(1, text(1, '200'), message(2, message(1, text(1, 'OK'))))),
    ...extensions(13, patch),
  );
  return [message(2, text(1, path), message(2, operation))];
}

function queryFields({ description, name, type }: Json): Buffer[] {
  return [text(2, 'query'), text(3, description), text(4, name), text(6, type)];
}

function encodeSchema(schema: Json): Buffer[] {
  const { $ref, format, description, required, additionalProperties, type, items, properties } = schema;
  const isPresent = (value: unknown): value is Json => typeof value === 'object' && value !== null;
  return [
    text(1, $ref),
    text(2, format),
    text(4, description),
    ...(Array.isArray(required) ? required.map((name) => text(19, name)) : []),
    ...(isPresent(additionalProperties) ? [message(21, message(1, ...encodeSchema(additionalProperties)))] : []),
    ...(typeof type === 'string' ? [message(22, text(1, type))] : []),
    ...(isPresent(items) ? [message(23, message(1, ...encodeSchema(items)))] : []),
    ...(isPresent(properties) ? [message(25, ...named(1, properties as Record<string, Json>, encodeSchema))] : []),
    ...extensions(31, schema),
  ];
}

/** Extensions travel as YAML; JSON is YAML. */
function extensions(field: number, of: Json): Buffer[] {
  return Object.entries(of)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => message(field, text(1, name), message(2, text(2, JSON.stringify(value)))));
}

function named(field: number, record: Readonly<Record<string, Json>>, encode: (value: Json) => Buffer[]): Buffer[] {
  return Object.entries(record).map(([name, value]) => message(field, text(1, name), message(2, ...encode(value))));
}

function message(field: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);
}

/** Nothing for what is not there. */
function text(field: number, value: unknown): Buffer {
  return typeof value === 'string' && value !== '' ? message(field, Buffer.from(value)) : Buffer.alloc(0);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
