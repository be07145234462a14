/** Is it alive, can it serve, what is it. */
import type { FastifyInstance } from 'fastify';
import { calicoVersion } from '../../resources/calico-version.ts';
import type { ApiContext } from '../context.ts';

/** Serves `/livez`, `/readyz`, `/healthz` and `/version`. */
export function serveHealth(app: FastifyInstance, context: ApiContext): void {
  const text = 'text/plain; charset=utf-8';
  app.get('/livez', hidden, (_request, reply) => reply.type(text).send('ok'));
  for (const path of ['/readyz', '/healthz'])
    app.get(path, hidden, async (_request, reply) => {
      const why = context.isDraining?.() ? 'the server is stopping' : context.unreadiness?.();
      if (why !== undefined) return reply.code(503).header('retry-after', '1').type(text).send(`${why}\n`);
      await context.resources.revision();
      return reply.type(text).send('ok');
    });
  app.get('/version', hidden, (_request, reply) => reply.send(versionInfo(context.version)));
}

/** Not part of the document. */
export const hidden = { schema: { hide: true } };

/** The level of the Kubernetes API that is spoken, with our own version behind the plus sign, and the release of Calico's API. */
function versionInfo(version: string) {
  return {
    major: '1',
    minor: '33',
    gitVersion: `v1.33.0+calico-appliance-${version}`,
    calicoVersion,
    platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
