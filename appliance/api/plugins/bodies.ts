/**
 * Bodies: JSON in its several names, and YAML for people with curl. A body that cannot be read is a bad request. One that does not say what it is
 * is taken for JSON, as Kubernetes does: the Python client sends such.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { apiErrors } from '../errors.ts';

export const mergePatchType = 'application/merge-patch+json';
export const jsonPatchType = 'application/json-patch+json';
export const strategicPatchType = 'application/strategic-merge-patch+json';
/** Server-side apply. The body is YAML, and JSON from most clients. */
export const applyPatchType = 'application/apply-patch+yaml';

/** What a patch can be. */
export const patchTypes = [jsonPatchType, mergePatchType, applyPatchType, strategicPatchType] as const;

const jsonTypes = ['application/json', mergePatchType, jsonPatchType, strategicPatchType];
const yamlTypes = ['application/yaml', 'application/x-yaml', 'text/yaml'];

/** Reads bodies as text and decodes them; an empty body is undefined. */
export function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(jsonTypes, { parseAs: 'string' }, async (_request: FastifyRequest, body: string) =>
    body.trim() === '' ? undefined : parseJson(body),
  );
  app.addContentTypeParser(yamlTypes, { parseAs: 'string' }, async (_request: FastifyRequest, body: string) =>
    parseYaml(body),
  );
  app.addContentTypeParser(applyPatchType, { parseAs: 'string' }, async (_request: FastifyRequest, body: string) =>
    /^\s*\{/.test(body) ? parseJson(body) : parseYaml(body),
  );
  app.addContentTypeParser('*', { parseAs: 'string' }, async (request: FastifyRequest, body: string) => {
    if (contentTypeOf(request) === '') return body.trim() === '' ? undefined : parseJson(body);
    const known = request.method === 'PATCH' ? patchTypes : [...jsonTypes.slice(0, 1), ...yamlTypes.slice(0, 1)];
    throw apiErrors.fail(
      'API_UNSUPPORTED_MEDIA_TYPE',
      `${contentTypeOf(request)}; a body is one of ${known.join(', ')}`,
    );
  });
}

/** The content type without its parameters. */
export function contentTypeOf(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw apiErrors.fail('API_BAD_REQUEST', `the body is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** The library is loaded with the first YAML body: few clients send any. */
async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(text) ?? undefined;
  } catch (error) {
    throw apiErrors.fail('API_BAD_REQUEST', `the body is not YAML: ${(error as Error).message}`, { cause: error });
  }
}
