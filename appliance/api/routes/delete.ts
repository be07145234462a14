/** Delete. The answer is sent after the commit. */
import { detailsOf } from '../../datastore/resources/ref.ts';
import type { DeleteOptions } from '../../datastore/resources/remove.ts';
import type { KindDefinition } from '../../resources/define.ts';
import type { ApiContext } from '../context.ts';
import { apiErrors } from '../errors.ts';
import type { Query } from '../query/list-query.ts';
import { successStatus } from '../status.ts';
import { parseDryRun } from './change.ts';
import { type Handler, isObject, queryOf, targetOf } from './target.ts';

/** DELETE: a Status that names what was deleted. */
export function deleteHandler(kind: KindDefinition, context: ApiContext): Handler {
  return async (request, reply) => {
    const target = targetOf(kind, request);
    const deleted = await context.resources.delete(target, parseOptions(request.body, queryOf(request)));
    return reply.send(successStatus({ ...detailsOf(target), uid: deleted?.metadata.uid }));
  };
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
