/** The routes of every kind: the same ones for all, looped over the registry. */
import type { FastifyInstance } from 'fastify';
import { keepsStatusApart } from '../../datastore/resources/ref.ts';
import type { KindDefinition } from '../../resources/define.ts';
import { kindByPlural, kinds } from '../../resources/registry.ts';
import type { ApiContext } from '../context.ts';
import { type Action, operationSchema } from '../openapi/operation.ts';
import type { RouteAccess } from '../plugins/access.ts';
import { createHandler, patchHandler, replaceHandler } from './change.ts';
import { deleteCollectionHandler, deleteHandler } from './delete.ts';
import { historyHandler } from './history.ts';
import { getHandler, listHandler } from './read.ts';
import type { Handler } from './target.ts';

const group = 'projectcalico.org';
const root = `/apis/${group}/v3`;

/** Serves all kinds. */
export function serveResources(app: FastifyInstance, context: ApiContext): void {
  for (const kind of kinds) serveKind(app, kind, context);
}

function serveKind(app: FastifyInstance, kind: KindDefinition, context: ApiContext): void {
  const all = `${root}/${kind.plural}`;
  const collection = kind.isNamespaced ? `${root}/namespaces/:namespace/${kind.plural}` : all;
  const one = `${collection}/:name`;
  const add = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, action: Action, handler: Handler) =>
    app.route({
      method,
      url,
      schema: operationSchema(kind, action, url),
      config: { access: accessOf(kind, action, url) },
      handler,
    });
  const list = listHandler(kind, context);

  add('GET', collection, 'list', list);
  if (kind.isNamespaced) add('GET', all, 'list', list);
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
  return { group, resource: kind.plural, subresource, verb: verbs[action] };
}

/** True when the path is one of ours, so that only the method can be wrong. */
export function isResourcePath(path: string): boolean {
  const match = /^\/apis\/projectcalico\.org\/v3(\/namespaces\/[^/]+)?\/([^/]+)(\/[^/]+)?\/?$/.exec(path);
  const kind = match === null ? undefined : kindByPlural(match[2]!);
  if (kind === undefined) return false;
  const hasName = match![3] !== undefined;
  // a namespaced kind has a list over all namespaces, and nothing else outside of one
  return kind.isNamespaced ? match![1] !== undefined || !hasName : match![1] === undefined;
}
