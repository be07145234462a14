/** Get, list, and the turn to watching. Lists are streamed. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Page } from '../../datastore/resources/reader.ts';
import { rangeOf } from '../../datastore/resources/ref.ts';
import type { Revision } from '../../datastore/store.ts';
import type { KindDefinition } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import { requireSomeTier } from '../access/tier-selection.ts';
import type { ApiContext } from '../context.ts';
import { formOf } from '../encode/form.ts';
import { printList } from '../encode/list.ts';
import { apiErrors } from '../errors.ts';
import { accessTo } from '../plugins/access.ts';
import { parseAccept } from '../query/accept.ts';
import { parseContinue } from '../query/continue-token.ts';
import { type ListQuery, parseListQuery } from '../query/list-query.ts';
import { type Handler, namespaceOf, queryOf, targetOf } from './target.ts';
import { watch } from './watch.ts';

/** Entries read at a time: few reads for a long list, and little memory for each client. */
const pageEntries = 2000;
/** At least so many: a selector may choose few of them. */
const pageEntriesLeast = 100;

/** GET of one resource. */
export function getHandler(kind: KindDefinition, context: ApiContext): Handler {
  return async (request, reply) => {
    const query = parseListQuery(queryOf(request), kind);
    const form = formOf(parseAccept(request.headers.accept), kind, query.includeObject, context.now);
    const { resource } = await context.resources.get(targetOf(kind, request), revisionOf(query));
    accessTo(request)?.requireVisible(resource);
    return reply.type('application/json').send(form.one(resource));
  };
}

/** GET of a collection: a list, or a watch when the query says so. */
export function listHandler(kind: KindDefinition, context: ApiContext): Handler {
  return async (request, reply) => {
    const asked = parseListQuery(queryOf(request), kind);
    await requireSomeTier(request, context);
    const access = accessTo(request);
    const isShown = (resource: Resource) => asked.matches(resource) && access?.isVisible(resource) !== false;
    const query = access === undefined ? asked : { ...asked, matches: isShown };
    return query.isWatch
      ? watch({ kind, namespace: namespaceOf(request), query, context, request, reply })
      : list(kind, query, context, request, reply);
  };
}

async function list(
  kind: KindDefinition,
  query: ListQuery,
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const namespace = namespaceOf(request);
  const form = formOf(parseAccept(request.headers.accept), kind, query.includeObject, context.now);
  // a client that pages is not read more than it has asked for, where nothing is passed over
  const limit = Math.min(pageEntries, Math.max(query.limit || pageEntries, pageEntriesLeast));
  const first = await context.resources.list({ kind, namespace, limit, ...startOf(kind, namespace, query) });
  refuseFuture(first, query);
  const { revision } = first;
  const pageAfter = (after: Buffer) => context.resources.list({ kind, namespace, limit: pageEntries, after, revision });
  const text = printList({ form, matches: query.matches, limit: query.limit, first, pageAfter });
  return reply.type('application/json').send(Readable.from(text, { objectMode: false }));
}

/** Where the list begins, and at which revision it is read. */
function startOf(kind: KindDefinition, namespace: string, query: ListQuery) {
  if (query.continue !== '') return parseContinue(query.continue, rangeOf(kind, namespace).key);
  const revision = revisionOf(query);
  return revision === 0 ? {} : { revision };
}

/** The revision to read at; 0 for the newest. */
function revisionOf(query: ListQuery): Revision {
  return query.isExactVersion ? query.resourceVersion : 0;
}

function refuseFuture(page: Page, query: ListQuery): void {
  if (query.resourceVersion <= page.revision) return;
  throw apiErrors.fail('API_VERSION_TOO_LARGE', `${query.resourceVersion}, the newest is ${page.revision}`);
}
