/** The versions of one resource, sent piece by piece. Ours: Kubernetes keeps no history of objects. */
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { History, Version } from '../../datastore/resources/history.ts';
import type { KindDefinition } from '../../resources/define.ts';
import { apiVersion } from '../../resources/resource.ts';
import type { RequestAccess } from '../access/request-access.ts';
import type { ApiContext } from '../context.ts';
import { accessTo } from '../plugins/access.ts';
import { parseListQuery } from '../query/list-query.ts';
import { type Handler, queryOf, targetOf } from './target.ts';

const versionsDefault = 100;
const versionsMax = 1000;
const bytesMax = 16 * 1024 * 1024;

/** GET of `NAME/history`. */
export function historyHandler(kind: KindDefinition, context: ApiContext): Handler {
  return async (request, reply) => {
    const { limit } = parseListQuery(queryOf(request), kind);
    const most = Math.min(limit || versionsDefault, versionsMax);
    const history = await context.resources.history(targetOf(kind, request), { versions: most, bytes: bytesMax });
    const versions = visibleVersions(history.versions, accessTo(request));
    return reply
      .type('application/json')
      .send(Readable.from(printHistory({ ...history, versions }), { objectMode: false }));
  };
}

/** Without the versions of closed tiers; refuses when nothing else is there. */
function visibleVersions(versions: readonly Version[], access: RequestAccess | undefined): readonly Version[] {
  if (access === undefined || access.seesAllTiers) return versions;
  const shown = versions.filter(
    ({ change, resource }) => change === 'deleted' || (resource && access.isVisible(resource)),
  );
  if (!shown.some(({ resource }) => resource !== undefined))
    access.requireVisible(versions.findLast(({ resource }) => resource !== undefined)?.resource);
  return shown;
}

async function* printHistory({ revision, oldestRevision, isCut, versions }: History): AsyncGenerator<string> {
  const metadata = { resourceVersion: String(revision), oldestResourceVersion: String(oldestRevision), isCut };
  yield `{"kind":"ResourceHistory","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`;
  for (const [i, version] of versions.entries()) {
    yield `${i === 0 ? '' : ','}${printVersion(version)}`;
    await setImmediate();
  }
  yield ']}';
}

function printVersion({ revision, change, resource, problems }: Version): string {
  return JSON.stringify({ resourceVersion: String(revision), change, object: resource, problems });
}
