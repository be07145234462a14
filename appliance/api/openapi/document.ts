/**
 * The OpenAPI document, generated from the routes and the kinds. Built when first asked for, by an instance of its own:
 * most servers are never asked, and need neither the generator nor the schemas in memory.
 */
import { createHash } from 'node:crypto';
import { type FastifyInstance, fastify } from 'fastify';
import type { KindDefinition } from '../../resources/define.ts';
import { failureResponses, failuresOf } from './answers.ts';
import { groupsOf } from './groups.ts';
import { introduction } from './introduction.ts';
import { componentSchemas } from './schemas.ts';

export interface OpenApiDocument {
  readonly text: string;
  /** Changes with the text; part of the address, so that clients may keep the document for ever. */
  readonly hash: string;
}

/** An OpenAPI object as far as we look into it. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>>; readonly [other: string]: unknown };
  readonly [other: string]: unknown;
}

export type PathItem = Readonly<Record<string, Operation>>;
export type Operation = Readonly<Record<string, unknown>>;

export interface Documents {
  /** Everything. */
  readonly whole: OpenApi;
  /** The whole as text. */
  readonly all: OpenApiDocument;
  /** One for each group and version, by the key the index has: `apis/projectcalico.org/v3`. */
  readonly groups: ReadonlyMap<string, OpenApiDocument>;
}

/** Generates the documents of the routes that `addRoutes` adds. */
export async function createDocuments(
  version: string,
  kinds: readonly KindDefinition[],
  addRoutes: (app: FastifyInstance) => void,
): Promise<Documents> {
  const whole = await generate(version, kinds, addRoutes);
  const groups = [...groupsOf(whole)].map(([key, document]) => [key, stampDocument(document)] as const);
  return { whole, all: stampDocument(whole), groups: new Map(groups) };
}

async function generate(
  version: string,
  kinds: readonly KindDefinition[],
  addRoutes: (app: FastifyInstance) => void,
): Promise<OpenApi> {
  const { default: swagger } = await import('@fastify/swagger');
  const app = fastify({ exposeHeadRoutes: false });
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(swagger, {
    openapi: { openapi: '3.0.3', info: { title: 'Calico appliance', version, ...introduction }, tags: tagsOf(kinds) },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  });
  for (const schema of componentSchemas(kinds)) app.addSchema(schema);
  addRoutes(app);
  await app.ready();
  const generated = app.swagger() as unknown as OpenApi;
  await app.close();
  return complete(generated);
}

function tagsOf(kinds: readonly KindDefinition[]) {
  const server = { name: 'Server', description: 'What the server is, what it has, how it is, and what you may do.' };
  return [...kinds.map(({ kind, description }) => ({ name: kind, description })), server];
}

/** Adds what routes do not say for themselves: failures, and that a body may be left out. */
function complete(generated: OpenApi): OpenApi {
  const paths = Object.entries(generated.paths).map(([path, item]) => {
    const operations = Object.entries(item).map(([method, operation]) => [method, completeOperation(operation)]);
    return [path, Object.fromEntries(operations)] as const;
  });
  const securitySchemes = {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      description: 'A token. Not needed with a certificate or on the host itself.',
    },
  };
  const components = { ...generated.components, responses: failureResponses(), securitySchemes };
  return { ...generated, paths: Object.fromEntries(paths), components, security: [{}, { bearer: [] }] };
}

function completeOperation(operation: Operation): Operation {
  const { 'x-calico-failures': action, requestBody, responses, ...rest } = operation;
  const codes = failuresOf[String(action)] ?? failuresOf.document!;
  const failures = codes.map((code) => [code, { $ref: `#/components/responses/Failure${code}` }]);
  const isOptional = String(action).startsWith('delete');
  return {
    ...rest,
    ...(requestBody !== undefined && { requestBody: { ...(requestBody as object), required: !isOptional } }),
    responses: { ...(responses as object), ...Object.fromEntries(failures) },
  };
}

/** As text, with its hash. */
export function stampDocument(document: object): OpenApiDocument {
  const text = JSON.stringify(document);
  return { text, hash: createHash('sha256').update(text).digest('hex').slice(0, 16) };
}
