/** Errors become `Status` bodies here, and nowhere else. */
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../lib/log.ts';
import { apiErrors } from '../errors.ts';
import { isResourcePath } from '../routes/resources.ts';
import { statusOf } from '../status.ts';

/** Answers every error and every unknown path with a Status. */
export function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler((error, request, reply) => {
    const status = statusOf(error);
    if (status.reason === 'InternalError')
      log.error(
        { method: request.method, path: request.url.split('?')[0], error: String(error), stack: stackOf(error) },
        'request failed',
      );
    // Kubernetes' clients try again only when they are told how long to wait
    if (status.code === 503 || status.code === 429) reply.header('retry-after', retryAfterOf(error));
    if (status.code === 401) reply.header('www-authenticate', 'Bearer realm="calico"');
    return reply.code(status.code).send(status);
  });
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?')[0]!;
    const isWrongMethod = request.method !== 'GET' && isResourcePath(path);
    throw apiErrors.fail(isWrongMethod ? 'API_METHOD_NOT_ALLOWED' : 'API_NO_SUCH_PATH', `${request.method} ${path}`);
  });
}

/** Whole seconds, one at least. */
function retryAfterOf(error: unknown): string {
  const { details } = error as { details?: { retryAfterMs?: unknown } };
  const ms = details?.retryAfterMs;
  return String(typeof ms === 'number' ? Math.max(1, Math.ceil(ms / 1000)) : 1);
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
