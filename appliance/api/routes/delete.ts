/** Delete. The answer is sent after the commit. */
import type { FastifyRequest } from 'fastify';
import { itemOf } from '../../datastore/resources/reader.ts';
import { detailsOf, type Ref, refOf } from '../../datastore/resources/ref.ts';
import type { DeleteOptions } from '../../datastore/resources/remove.ts';
import { hasCode } from '../../lib/errors.ts';
import { apiVersionOf, type KindDefinition } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import { requireSomeTier } from '../access/tier-selection.ts';
import type { ApiContext } from '../context.ts';
import { apiErrors } from '../errors.ts';
import { accessTo } from '../plugins/access.ts';
import { commitsOf } from '../plugins/audit.ts';
import { parseListQuery, type Query } from '../query/list-query.ts';
import { successStatus } from '../status.ts';
import { parseDryRun } from './change.ts';
import { type Handler, isObject, namespaceOf, queryOf, targetOf } from './target.ts';

/** DELETE: a Status that names what was deleted. */
export function deleteHandler(kind: KindDefinition, context: ApiContext): Handler {
  return async (request, reply) => {
    const target = targetOf(kind, request);
    const options = optionsOf(request);
    const deleted = await context.resources.delete(target, options);
    return reply.send(successStatus({ ...detailsOf(target), uid: deleted?.metadata.uid }));
  };
}

/**
 * DELETE of a collection: everything the selectors choose, one after the other, each only in the version that was chosen by them; the answer
 * lists what was deleted. Stops at the first that cannot be deleted. What changes meanwhile is looked at again by whoever asks again.
 */
export function deleteCollectionHandler(kind: KindDefinition, context: ApiContext): Handler {
  return async (request, reply) => {
    const query = parseListQuery(queryOf(request), kind);
    const options = optionsOf(request);
    await requireSomeTier(request, context);
    const access = accessTo(request);
    const page = await context.resources.list({ kind, namespace: namespaceOf(request), limit: 0 });
    const deleted: Resource[] = [];
    for (const entry of page.entries) {
      const resource = itemOf(entry)?.resource;
      if (resource === undefined || !query.matches(resource) || access?.isVisible(resource) === false) continue;
      const gone = await deleteChosen(context, refOf(kind, resource), {
        ...options,
        resourceVersion: String(entry.modRevision),
      });
      if (gone !== undefined) deleted.push(gone);
    }
    const metadata = { resourceVersion: String(page.revision) };
    return reply.send({ kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata, items: deleted });
  };
}

function optionsOf(request: FastifyRequest): DeleteOptions {
  return {
    ...parseOptions(request.body, queryOf(request)),
    onCommit: commitsOf(request),
    admit: (current) => accessTo(request)?.admit(undefined, current),
  };
}

/** Undefined when somebody else has deleted or changed it since. */
async function deleteChosen(context: ApiContext, ref: Ref, options: DeleteOptions): Promise<Resource | undefined> {
  try {
    return await context.resources.delete(ref, options);
  } catch (error) {
    if (hasCode(error, 'RESOURCE_NOT_FOUND') || hasCode(error, 'RESOURCE_CONFLICT')) return undefined;
    throw error;
  }
}

/** Propagation and grace mean nothing here: there is nothing to wait for. */
function parseOptions(body: unknown, query: Query): DeleteOptions {
  if (body !== undefined && !isObject(body)) throw apiErrors.fail('API_BAD_REQUEST', 'the body must be one object');
  const { dryRun = [], preconditions = {} } = body ?? {};
  if (!Array.isArray(dryRun)) throw apiErrors.fail('API_BAD_REQUEST', 'dryRun: must be a list');
  if (!isObject(preconditions)) throw apiErrors.fail('API_BAD_REQUEST', 'preconditions: must be an object');
  const all = query.dryRun === undefined ? dryRun : [...dryRun, query.dryRun];
  return {
    ...textOf(preconditions, 'uid'),
    ...textOf(preconditions, 'resourceVersion'),
    isDryRun: parseDryRun(all),
  };
}

function textOf<Name extends string>(preconditions: Record<string, unknown>, name: Name): { [key in Name]?: string } {
  const value = preconditions[name];
  if (value === undefined || value === null) return {};
  if (typeof value !== 'string') throw apiErrors.fail('API_BAD_REQUEST', `preconditions.${name}: must be a text`);
  return { [name]: value } as { [key in Name]: string };
}
