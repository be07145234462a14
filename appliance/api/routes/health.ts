/** Is it alive, can it serve, what is it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { calicoVersion } from '../../resources/calico-version.ts';
import type { ApiContext } from '../context.ts';
import { describeRoute } from '../openapi/describe.ts';

/** Serves `/livez`, `/readyz`, `/healthz` and `/version`. */
export function serveHealth(app: FastifyInstance, context: ApiContext): void {
  const text = 'text/plain; charset=utf-8';
  const plain = { 'text/plain': 'text' };
  for (const path of ['/livez', '/livez/ping', '/healthz/ping'])
    app.get(path, describeRoute(idOf(path), 'Is the server alive?', plain), (request, reply) =>
      reply.type(text).send(printChecks(request, ['ping'])),
    );
  for (const path of ['/readyz', '/healthz', '/readyz/store', '/healthz/store'])
    app.get(path, describeRoute(idOf(path), 'Can the server serve?', plain), async (request, reply) => {
      const why = context.isDraining?.() ? 'the server is stopping' : context.unreadiness?.();
      if (why !== undefined) return reply.code(503).header('retry-after', '1').type(text).send(`${why}\n`);
      await context.resources.revision();
      return reply.type(text).send(printChecks(request, ['ping', 'store']));
    });
  const version = describeRoute('getVersion', 'What the server is', { 'application/json': 'VersionInfo' });
  app.get('/version', version, (_request, reply) => reply.send(versionInfo(context.version)));
}

/** One line for each check when `verbose` is asked for, as Kubernetes' servers print them. */
function printChecks(request: FastifyRequest, checks: readonly string[]): string {
  if (!Object.hasOwn(request.query as object, 'verbose')) return 'ok';
  const [, what] = request.url.split(/[/?]/);
  return `${checks.map((check) => `[+]${check} ok\n`).join('')}${what} check passed\n`;
}

/** `/readyz/store` -> `getReadyzStore`. */
function idOf(path: string): string {
  return `get${path.replace(/\/(\w)/g, (_, letter: string) => letter.toUpperCase())}`;
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
