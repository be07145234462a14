/** What a request is about: taken from its path, and checked against its body. Pure. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Ref } from '../../datastore/resources/ref.ts';
import { apiVersionOf, type KindDefinition } from '../../resources/define.ts';
import { apiErrors } from '../errors.ts';
import type { Query } from '../query/list-query.ts';

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** The namespace of the path, or `''`. */
export function namespaceOf(request: FastifyRequest): string {
  return (request.params as { namespace?: string }).namespace ?? '';
}

/** The resource the path names. */
export function targetOf(kind: KindDefinition, request: FastifyRequest): Ref {
  return { kind, namespace: namespaceOf(request), name: (request.params as { name: string }).name };
}

/** The query; of a parameter given twice the last one counts. */
export function queryOf(request: FastifyRequest): Query {
  const entries = Object.entries(request.query as Record<string, string | string[]>);
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? value.at(-1) : value]));
}

/**
 * The body, with kind, namespace and (when the path has one) name filled in from the path.
 * API_BAD_REQUEST when body and path disagree.
 */
export function bodyFor(kind: KindDefinition, request: FastifyRequest, name?: string): Record<string, unknown> {
  const body = request.body;
  if (!isObject(body)) throw apiErrors.fail('API_BAD_REQUEST', 'the body must be one object');
  const metadata = body.metadata === undefined ? {} : body.metadata;
  if (!isObject(metadata)) throw apiErrors.fail('API_BAD_REQUEST', 'metadata: must be an object');
  const agree = (path: string, value: unknown, wanted: string) => {
    if (value === undefined || value === '' || value === wanted) return wanted;
    throw apiErrors.fail('API_BAD_REQUEST', `${path}: is ${JSON.stringify(value)}, but the URL says "${wanted}"`);
  };
  const namespace = namespaceOf(request);
  return {
    ...body,
    kind: agree('kind', body.kind, kind.kind),
    apiVersion: agree('apiVersion', body.apiVersion, apiVersionOf(kind)),
    metadata: {
      ...metadata,
      ...(name !== undefined && { name: agree('metadata.name', metadata.name, name) }),
      ...(namespace !== '' && { namespace: agree('metadata.namespace', metadata.namespace, namespace) }),
    },
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
