/**
 * The API as a fastify instance: Kubernetes' style of REST over every kind of the registry. It does not listen by itself:
 * tests inject requests, `listen.ts` hands it those of its sockets.
 */
import { type FastifyInstance, type FastifyReply, type FastifyServerOptions, fastify } from 'fastify';
import type { ApiContext } from './context.ts';
import { guardAccess } from './plugins/access.ts';
import { auditChanges } from './plugins/audit.ts';
import { authenticate } from './plugins/authenticate.ts';
import { readBodies } from './plugins/bodies.ts';
import { answerErrors } from './plugins/errors.ts';
import { createLimits } from './plugins/limits.ts';
import { countRequests } from './plugins/metrics.ts';
import { serveDiscovery } from './routes/discovery.ts';
import { serveDocs } from './routes/docs.ts';
import { serveEnrolment } from './routes/enrolment.ts';
import { serveEvents } from './routes/events.ts';
import { serveHealth } from './routes/health.ts';
import { serveIpam } from './routes/ipam.ts';
import { serveIpamObjects } from './routes/ipam-objects.ts';
import { serveOpenApi } from './routes/openapi.ts';
import { serveResources } from './routes/resources.ts';
import { serveReviews } from './routes/reviews.ts';
import { serveTokens } from './routes/tokens.ts';
import { statusOf } from './status.ts';

/** Larger objects than this are refused by the store anyway. */
const bodyBytesMax = 8 * 1024 * 1024;

/**
 * Resources are decoded by their kinds and printed piece by piece: the schemas of routes are for the document only. Fastify loads its own compilers, which
 * are a tenth of all code, when it is not given others at once.
 */
const schemaController = {
  compilersFactory: { buildValidator: () => () => () => true, buildSerializer: () => () => JSON.stringify },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;

/** Builds the API; ready to take requests when it resolves. */
export async function createApi(context: ApiContext): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: context.limits?.bodyBytesMax ?? bodyBytesMax,
    exposeHeadRoutes: false,
    schemaController,
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true },
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      const status = statusOf(error);
      reply.code(status.code).send(status);
    },
  });
  answerErrors(app, context.log);
  const limits = createLimits(context);
  limits.beforeIdentity(app);
  authenticate(app, { ...context, onRefused: limits.countRefusal });
  limits.afterIdentity(app);
  guardAccess(app, context.authorizer, context.log);
  auditChanges(app, context.audit);
  readBodies(app);
  serveHealth(app, context);
  serveDiscovery(app);
  serveResources(app, context);
  serveIpam(app, context);
  serveIpamObjects(app, context);
  serveReviews(app, context.authorizer);
  serveEvents(app, context);
  serveTokens(app, context);
  serveEnrolment(app, context);
  const documents = serveOpenApi(app, context.version, (describing) => {
    serveHealth(describing, context);
    serveDiscovery(describing);
    serveResources(describing, context);
    serveIpam(describing, context);
    serveIpamObjects(describing, context);
    serveReviews(describing, context.authorizer);
    serveTokens(describing, context);
    serveEnrolment(describing, context);
  });
  serveDocs(app, documents);
  countRequests(app, context);
  await app.ready();
  return app;
}
