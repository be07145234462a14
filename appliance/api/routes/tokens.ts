/**
 * Tokens of service accounts over REST: `serviceaccounts/NAME/token` gives one, TokenReview says whose one is. Neither is ever stored or
 * logged. Source: Kubernetes API reference, TokenRequest and TokenReview.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../lib/errors.ts';
import { isRecord } from '../../lib/is-record.ts';
import type { ApiContext, TokenService } from '../context.ts';
import { apiErrors } from '../errors.ts';
import { describeChange } from '../openapi/describe.ts';
import { originOf } from '../plugins/access.ts';
import { identityOf } from '../plugins/authenticate.ts';
import { readTokenRequest, readTokenReview } from '../reviews/token-wish.ts';

const group = 'authentication.k8s.io';
const apiVersion = `${group}/v1`;

const given = { code: 201, answer: 'Review', body: { type: 'object' } } as const;
const reviewed = given;

export function serveTokens(app: FastifyInstance, { tokens, audit }: ApiContext): void {
  if (tokens === undefined) return;
  app.register(async (scope) => {
    const readBuffer = async (_request: FastifyRequest, body: Buffer) => body;
    scope.addContentTypeParser('application/vnd.kubernetes.protobuf', { parseAs: 'buffer' }, readBuffer);
    scope.post(
      '/api/v1/namespaces/:namespace/serviceaccounts/:name/token',
      {
        ...describeChange('postServiceaccountToken', 'Give a token of a service account', given),
        config: { access: { group: '', resource: 'serviceaccounts', subresource: 'token', verb: 'create' } },
      },
      async (request, reply) => {
        const { answer, seconds } = await giveToken(tokens, request, reply);
        const { namespace, name } = request.params as { namespace: string; name: string };
        audit.info(
          { user: identityOf(request).user, from: originOf(request), namespace, name, seconds },
          'token issued',
        );
        return reply.code(201).send(answer);
      },
    );
    scope.post(
      `/apis/${apiVersion}/tokenreviews`,
      {
        ...describeChange('postTokenreview', 'Ask whose a token is', reviewed),
        config: { access: { group, resource: 'tokenreviews', subresource: '', verb: 'create' } },
      },
      async (request, reply) => reply.code(201).send(await review(tokens, request)),
    );
  });
}

async function giveToken(tokens: TokenService, request: FastifyRequest, reply: FastifyReply) {
  const { namespace, name } = request.params as { namespace: string; name: string };
  const wish = readTokenRequest(bodyOf(request), name);
  const account = await tokens.findServiceAccount(namespace, name);
  if (account === undefined)
    throw new AppError('RESOURCE_NOT_FOUND', 'not found', { details: { kind: 'ServiceAccount', name } });
  const seconds = Math.min(wish.seconds, tokens.lifetimeMaxSeconds);
  if (seconds < wish.seconds)
    reply.header('warning', `299 - "requested expiration of ${wish.seconds} seconds shortened to ${seconds} seconds"`);
  const { uid } = account;
  const { token, expiresMs } = await tokens.issue({ namespace, name, uid }, { ...wish, seconds });
  const audiences = wish.audiences.length === 0 ? [tokens.audience] : wish.audiences;
  const answer = {
    kind: 'TokenRequest',
    apiVersion,
    metadata: { name, namespace },
    spec: { audiences, expirationSeconds: seconds },
    status: { token, expirationTimestamp: new Date(expiresMs).toISOString().replace('.000', '') },
  };
  return { answer, seconds };
}

/** One object, or protobuf. */
function bodyOf({ body }: FastifyRequest): unknown {
  if (body === undefined || isRecord(body) || Buffer.isBuffer(body)) return body;
  throw apiErrors.fail('API_BAD_REQUEST', 'the body must be one object');
}

async function review(tokens: TokenService, request: FastifyRequest) {
  const { token, audiences } = readTokenReview(bodyOf(request));
  const verdict = await tokens.verify(token, audiences.length === 0 ? undefined : audiences);
  const status = verdict.isGood
    ? {
        authenticated: true,
        user: { username: verdict.identity.user, uid: verdict.uid, groups: verdict.identity.groups },
        audiences: verdict.audiences,
      }
    : { authenticated: false, error: verdict.why };
  // the token itself does not go back: answers are kept and printed more freely than questions
  return { kind: 'TokenReview', apiVersion, metadata: {}, spec: {}, status };
}
