/** The OpenAPI document and its index, and as much of version 2 as keeps kubectl content: nothing. */
import type { FastifyInstance } from 'fastify';
import type { KindDefinition } from '../../resources/define.ts';
import { apiKinds } from '../../resources/registry.ts';
import { pathOf } from '../discovery.ts';
import { createDocument, type OpenApiDocument } from '../openapi/document.ts';
import { hidden } from './health.ts';

type AddRoutes = (app: FastifyInstance, kinds: readonly KindDefinition[]) => void;

/** Serves `/openapi/v3` (index, and a document for each version of a group) and `/openapi/v2`. */
export function serveOpenApi(app: FastifyInstance, version: string, addRoutes: AddRoutes): void {
  const groups = [...Map.groupBy(apiKinds, pathOf)].map(([root, kinds]) => {
    let document: Promise<OpenApiDocument> | undefined;
    const get = () => {
      document ??= createDocument(version, kinds, (describing) => addRoutes(describing, kinds));
      return document;
    };
    return { root, get };
  });
  app.get('/openapi/v3', hidden, async (_request, reply) => {
    const paths: Record<string, object> = {};
    for (const { root, get } of groups)
      paths[root.slice(1)] = { serverRelativeURL: `/openapi/v3${root}?hash=${(await get()).hash}` };
    return reply.send({ paths });
  });
  for (const { root, get } of groups) serveDocument(app, `/openapi/v3${root}`, get);
  app.get('/openapi/v2', hidden, (_request, reply) =>
    reply.header('content-type', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf').send(Buffer.alloc(0)),
  );
}

function serveDocument(app: FastifyInstance, path: string, get: () => Promise<OpenApiDocument>): void {
  app.get(path, hidden, async (request, reply) => {
    const { text, hash } = await get();
    // only the address with the right hash never means another document
    const isPinned = (request.query as { hash?: string }).hash === hash;
    reply.header('etag', `"${hash}"`);
    reply.header('cache-control', isPinned ? 'public, immutable, max-age=31536000' : 'no-cache');
    if (isPinned) reply.header('expires', new Date(Date.now() + 365 * 86_400_000).toUTCString());
    return reply.type('application/json').send(text);
  });
}
