/** The OpenAPI documents and their index, and the same in version 2 for older clients. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { apiKinds } from '../../resources/registry.ts';
import { apiErrors } from '../errors.ts';
import {
  createDocuments,
  type Documents,
  type OpenApi,
  type OpenApiDocument,
  stampDocument,
} from '../openapi/document.ts';
import { toVersion2 } from '../openapi/version-2.ts';
import { encodeVersion2 } from '../openapi/version-2-protobuf.ts';
import { hidden } from './health.ts';

const root = '/openapi/v3';

/** Serves `/openapi/v3` (index and documents) and `/openapi/v2`. Gives back how to get the documents. */
export function serveOpenApi(
  app: FastifyInstance,
  version: string,
  addRoutes: (app: FastifyInstance) => void,
): () => Promise<Documents> {
  let documents: Promise<Documents> | undefined;
  let second: Promise<{ json: OpenApiDocument; protobuf: Buffer }> | undefined;
  const get = () => {
    documents ??= createDocuments(version, apiKinds, addRoutes);
    return documents;
  };
  app.get(root, hidden, async (_request, reply) => {
    const { groups } = await get();
    const paths = [...groups].map(([key, { hash }]) => [key, { serverRelativeURL: `${root}/${key}?hash=${hash}` }]);
    return reply.send({ paths: Object.fromEntries(paths) });
  });
  app.get(`${root}/*`, hidden, async (request, reply) => {
    const document = (await get()).groups.get((request.params as { '*': string })['*']);
    if (document === undefined) throw apiErrors.fail('API_NO_SUCH_PATH', request.url.split('?')[0]!);
    return sendDocument(document, request, reply);
  });
  app.get('/openapi.json', { ...hidden, config: { guard: 'none' } }, async (request, reply) =>
    sendDocument((await get()).all, request, reply),
  );
  app.get('/openapi/v2', hidden, async (request, reply) => {
    second ??= get().then(({ whole }) => createSecond(whole));
    const { json, protobuf } = await second;
    reply.header('vary', 'accept');
    const wantsProtobuf = /\bproto-openapi\.spec\.v2\b/.test(request.headers.accept ?? '');
    if (!wantsProtobuf) return sendDocument(json, request, reply);
    return reply.header('content-type', protobufType).send(protobuf);
  });
  return get;
}

/** The form clients ask for has an `@` in its name, which a type of an answer cannot have. */
const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

function createSecond(whole: OpenApi): { json: OpenApiDocument; protobuf: Buffer } {
  const swagger = toVersion2(whole);
  return { json: stampDocument(swagger), protobuf: encodeVersion2(swagger) };
}

/** Only the address with the right hash never means another document; others are asked about again, and answered briefly. */
function sendDocument({ text, hash }: OpenApiDocument, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const isPinned = (request.query as { hash?: string }).hash === hash;
  reply.header('etag', `"${hash}"`);
  reply.header('cache-control', isPinned ? 'public, immutable, max-age=31536000' : 'no-cache');
  if (isPinned) reply.header('expires', new Date(Date.now() + 365 * 86_400_000).toUTCString());
  if (request.headers['if-none-match'] === `"${hash}"`) return reply.code(304).send();
  return reply.type('application/json').send(text);
}
