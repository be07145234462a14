/**
 * Events of Kubernetes' core group: there are none, and saying so keeps `kubectl get events`, `kubectl events` and the last line of `describe` from failing.
 * What is a failure or a refusal here stands in logs and in the status of objects.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ApiContext } from '../context.ts';
import { parseAccept } from '../query/accept.ts';
import { hidden } from './health.ts';
import { queryOf } from './target.ts';

/** Serves the empty list, and a watch of it, for one namespace and for all. */
export function serveEvents(app: FastifyInstance, context: ApiContext): void {
  const config = { ...hidden, config: { access: { group: '', resource: 'events', subresource: '', verb: 'list' } } };
  for (const path of ['/api/v1/events', '/api/v1/namespaces/:namespace/events'])
    app.get(path, config, async (request, reply) => {
      const { watch = 'false', timeoutSeconds } = queryOf(request);
      if (watch === 'true' || watch === '1') return waitInVain(context, reply, Number(timeoutSeconds ?? 0));
      const metadata = { resourceVersion: String(await context.resources.revision()) };
      return reply.send(emptyList(parseAccept(request.headers.accept) === 'table', metadata));
    });
}

function emptyList(isTable: boolean, metadata: object): object {
  if (!isTable) return { kind: 'EventList', apiVersion: 'v1', metadata, items: [] };
  const columnDefinitions = [{ name: 'Name', type: 'string', format: 'name', description: '', priority: 0 }];
  return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions, rows: [] };
}

/** A stream on which nothing comes, until the client or the server has had enough of it. */
async function waitInVain(context: ApiContext, reply: FastifyReply, timeoutSeconds: number): Promise<void> {
  reply.hijack();
  const end = () => reply.raw.end();
  const timeout = timeoutSeconds > 0 ? setTimeout(end, Math.min(timeoutSeconds, 2_147_483) * 1000) : undefined;
  context.stopping.addEventListener('abort', end);
  reply.raw.once('close', () => {
    clearTimeout(timeout);
    context.stopping.removeEventListener('abort', end);
  });
  reply.raw.writeHead(200, { 'content-type': 'application/json' });
  reply.raw.flushHeaders();
}
