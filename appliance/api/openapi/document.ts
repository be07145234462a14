/**
 * The OpenAPI document, generated from the routes and the kinds. Built when first asked for, by an instance of its own:
 * most servers are never asked, and need neither the generator nor the schemas in memory.
 */
import { createHash } from 'node:crypto';
import { type FastifyInstance, fastify } from 'fastify';
import type { KindDefinition } from '../../resources/define.ts';
import { openApiSchema } from '../../resources/json-schema.ts';
import { groupVersionKind } from './operation.ts';

export interface OpenApiDocument {
  readonly text: string;
  /** Changes with the text; part of the address, so that clients may keep the document for ever. */
  readonly hash: string;
}

/** Generates the document of the routes that `addRoutes` adds, with the schemas of `kinds`. */
export async function createDocument(
  version: string,
  kinds: readonly KindDefinition[],
  addRoutes: (app: FastifyInstance) => void,
): Promise<OpenApiDocument> {
  const { default: swagger } = await import('@fastify/swagger');
  const app = fastify({ exposeHeadRoutes: false });
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(swagger, {
    openapi: { openapi: '3.0.3', info: { title: 'Calico appliance', version } },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  });
  for (const schema of componentSchemas(kinds)) app.addSchema(schema);
  addRoutes(app);
  await app.ready();
  const text = JSON.stringify(app.swagger());
  await app.close();
  return { text, hash: createHash('sha256').update(text).digest('hex').slice(0, 16) };
}

function componentSchemas(kinds: readonly KindDefinition[]): readonly object[] {
  return [...kinds.flatMap((kind) => [kindSchema(kind), listSchema(kind)]), ...commonSchemas];
}

function kindSchema(kind: KindDefinition): object {
  return { $id: kind.kind, ...openApiSchema(kind), 'x-kubernetes-group-version-kind': [groupVersionKind(kind)] };
}

function listSchema(kind: KindDefinition): object {
  const gvk = { ...groupVersionKind(kind), kind: `${kind.kind}List` };
  return {
    $id: `${kind.kind}List`,
    type: 'object',
    properties: {
      kind: { type: 'string' },
      apiVersion: { type: 'string' },
      metadata: {
        type: 'object',
        properties: { resourceVersion: { type: 'string' }, continue: { type: 'string' } },
      },
      items: { type: 'array', items: { $ref: `${kind.kind}#` } },
    },
    required: ['items'],
    'x-kubernetes-group-version-kind': [gvk],
  };
}

const commonSchemas: readonly object[] = [
  {
    $id: 'Patch',
    description: 'A JSON merge patch (RFC 7386), or a list of JSON patch operations (RFC 6902).',
    type: 'object',
  },
  {
    $id: 'DeleteOptions',
    type: 'object',
    properties: {
      dryRun: { type: 'array', items: { type: 'string', enum: ['All'] } },
      preconditions: {
        type: 'object',
        properties: { uid: { type: 'string' }, resourceVersion: { type: 'string' } },
      },
    },
  },
  {
    $id: 'ResourceHistory',
    description: 'The versions of one object, oldest first.',
    type: 'object',
    properties: {
      kind: { type: 'string' },
      apiVersion: { type: 'string' },
      metadata: {
        type: 'object',
        properties: {
          resourceVersion: { type: 'string', description: 'Read up to here.' },
          oldestResourceVersion: { type: 'string', description: 'The oldest revision the store can still read.' },
          isCut: { type: 'boolean', description: 'True when older versions were left out.' },
        },
      },
      items: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            resourceVersion: { type: 'string' },
            change: { type: 'string', enum: ['created', 'updated', 'deleted'] },
            object: { type: 'object', description: 'As it was then; absent for a deletion.' },
            problems: {
              type: 'array',
              description: 'Why the stored object cannot be read.',
              items: {
                type: 'object',
                properties: { path: { type: 'string' }, message: { type: 'string' } },
              },
            },
          },
          required: ['resourceVersion', 'change'],
        },
      },
    },
    required: ['items'],
  },
  {
    $id: 'Status',
    type: 'object',
    properties: {
      kind: { type: 'string' },
      apiVersion: { type: 'string' },
      metadata: { type: 'object' },
      status: { type: 'string', enum: ['Success', 'Failure'] },
      message: { type: 'string' },
      reason: { type: 'string' },
      details: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          group: { type: 'string' },
          kind: { type: 'string' },
          uid: { type: 'string' },
          causes: {
            type: 'array',
            items: {
              type: 'object',
              properties: { reason: { type: 'string' }, message: { type: 'string' }, field: { type: 'string' } },
            },
          },
        },
      },
      code: { type: 'integer' },
    },
  },
];
