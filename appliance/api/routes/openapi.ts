/** The OpenAPI document and its index, and as much of version 2 as keeps kubectl content: nothing. */
import type { FastifyInstance } from 'fastify';
import { createDocument, type OpenApiDocument } from '../openapi/document.ts';
import { hidden } from './health.ts';

const path = '/openapi/v3/apis/projectcalico.org/v3';

/** Serves `/openapi/v3` (index and document) and `/openapi/v2`. */
export function serveOpenApi(app: FastifyInstance, version: string, addRoutes: (app: FastifyInstance) => void): void {
  let document: Promise<OpenApiDocument> | undefined;
  const get = () => {
    document ??= createDocument(version, addRoutes);
    return document;
  };
  app.get('/openapi/v3', hidden, async (_request, reply) => {
    const { hash } = await get();
    return reply.send({
      paths: { [path.slice('/openapi/v3/'.length)]: { serverRelativeURL: `${path}?hash=${hash}` } },
    });
  });
  app.get(path, hidden, async (request, reply) => {
    const { text, hash } = await get();
    // only the address with the right hash never means another document
    const isPinned = (request.query as { hash?: string }).hash === hash;
    reply.header('etag', `"${hash}"`);
    reply.header('cache-control', isPinned ? 'public, immutable, max-age=31536000' : 'no-cache');
    if (isPinned) reply.header('expires', new Date(Date.now() + 365 * 86_400_000).toUTCString());
    return reply.type('application/json').send(text);
  });
  app.get('/openapi/v2', hidden, (_request, reply) =>
    reply.header('content-type', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf').send(Buffer.alloc(0)),
  );
}
