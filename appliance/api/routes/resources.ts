/** The routes of every kind: the same ones for all, looped over the registry. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { keepsStatusApart } from '../../datastore/resources/ref.ts';
import { calicoGroup, type KindDefinition } from '../../resources/define.ts';
import { apiKinds, kindByPlural } from '../../resources/registry.ts';
import type { ApiContext } from '../context.ts';
import { pathOf } from '../discovery.ts';
import { type Action, operationSchema, queryNames } from '../openapi/operation.ts';
import { checkQuery } from '../openapi/parameters.ts';
import type { RouteAccess } from '../plugins/access.ts';
import { parseAccept } from '../query/accept.ts';
import { readProtobuf } from '../reviews/messages.ts';
import { createHandler, patchHandler, replaceHandler } from './change.ts';
import { deleteCollectionHandler, deleteHandler } from './delete.ts';
import { historyHandler } from './history.ts';
import { getHandler, listHandler } from './read.ts';
import { type Handler, queryOf } from './target.ts';

/** Serves these kinds; all when none are given. */
export function serveResources(
  app: FastifyInstance,
  context: ApiContext,
  kinds: readonly KindDefinition[] = apiKinds,
): void {
  for (const kind of kinds.filter(isCalicos)) serveKind(app, kind, context);
  // clients know the kinds of Kubernetes by their types, and send them as protobuf
  app.register(async (scope) => {
    scope.addContentTypeParser(
      'application/vnd.kubernetes.protobuf',
      { parseAs: 'buffer' },
      async (_request: FastifyRequest, body: Buffer) => readProtobuf(body),
    );
    for (const kind of kinds) if (!isCalicos(kind)) serveKind(scope, kind, context);
  });
}

function isCalicos(kind: KindDefinition): boolean {
  return kind.group === calicoGroup;
}

function serveKind(app: FastifyInstance, kind: KindDefinition, context: ApiContext): void {
  const root = pathOf(kind);
  const all = `${root}/${kind.plural}`;
  const collection = kind.isNamespaced ? `${root}/namespaces/:namespace/${kind.plural}` : all;
  const one = `${collection}/:name`;
  const add = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, action: Action, handler: Handler) =>
    app.route({
      method,
      url,
      schema: operationSchema(kind, action, url),
      config: { access: accessOf(kind, action, url) },
      handler: checked(action, handler),
    });
  const list = listHandler(kind, context);

  add('GET', collection, 'list', list);
  if (kind.isNamespaced) add('GET', all, 'list', list);
  if (kind.isDeletedSingly !== true)
    add('DELETE', collection, 'deletecollection', deleteCollectionHandler(kind, context));
  add('GET', one, 'get', getHandler(kind, context));
  add('GET', `${one}/history`, 'history', historyHandler(kind, context));
  add('POST', collection, 'post', createHandler(kind, context));
  add('PUT', one, 'put', replaceHandler(kind, context));
  add('PATCH', one, 'patch', patchHandler(kind, context));
  add('DELETE', one, 'delete', deleteHandler(kind, context));
  if (keepsStatusApart(kind)) {
    add('GET', `${one}/status`, 'get', getHandler(kind, context));
    add('PUT', `${one}/status`, 'put', replaceHandler(kind, context, 'status'));
    add('PATCH', `${one}/status`, 'patch', patchHandler(kind, context, 'status'));
  }
}

/** What is wrong with the request itself is told before anything is done: no change is made whose answer nobody would take. */
function checked(action: Action, handler: Handler): Handler {
  return (request, reply) => {
    checkQuery(queryOf(request), queryNames(action));
    parseAccept(request.headers.accept);
    return handler(request, reply);
  };
}

const verbs: Readonly<Record<Action, string>> = {
  list: 'list',
  get: 'get',
  history: 'get',
  post: 'create',
  put: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
};

function accessOf(kind: KindDefinition, action: Action, url: string): RouteAccess {
  const subresource = /:name\/(\w+)$/.exec(url)?.[1] ?? '';
  return { group: kind.group, resource: kind.plural, subresource, verb: verbs[action] };
}

/** True when the path is one of ours, so that only the method can be wrong. */
export function isResourcePath(path: string): boolean {
  const match = /^\/(?:apis\/([^/]+)\/v\d+|api\/v1)(\/namespaces\/[^/]+(?=\/[^/]))?\/([^/]+)(\/[^/]+)?\/?$/.exec(path);
  const kind = match === null ? undefined : kindByPlural(match[3]!, match[1] ?? '');
  if (kind === undefined || !path.startsWith(pathOf(kind))) return false;
  const hasName = match![4] !== undefined;
  // a namespaced kind has a list over all namespaces, and nothing else outside of one
  return kind.isNamespaced ? match![2] !== undefined || !hasName : match![2] === undefined;
}
