/** "Who am I, and may I?": the reviews that `kubectl auth` posts. Nothing is stored. Source: Kubernetes API reference, SelfSubject*Review, SubjectAccessReview. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isRecord } from '../../lib/is-record.ts';
import type { Authorizer } from '../access/authorizer.ts';
import { apiErrors } from '../errors.ts';
import { describeRoute } from '../openapi/describe.ts';
import type { RouteAccess } from '../plugins/access.ts';
import { identityOf } from '../plugins/authenticate.ts';
import { readNamespace, readSubject, readWish } from '../reviews/wish.ts';

const authorization = 'authorization.k8s.io';
const authentication = 'authentication.k8s.io';

/** Serves the reviews, also under the versions of authentication that older clients ask first. Their bodies may be protobuf. */
export function serveReviews(app: FastifyInstance, authorizer: Authorizer): void {
  app.register(async (scope) => {
    const readBuffer = async (_request: FastifyRequest, body: Buffer) => body;
    scope.addContentTypeParser('application/vnd.kubernetes.protobuf', { parseAs: 'buffer' }, readBuffer);
    serve(scope, authorization, 'v1', 'SelfSubjectAccessReview', ({ body, identity }) => {
      const { isAllowed, reason } = authorizer.decide(identity, readWish(body));
      return { spec: {}, status: { allowed: isAllowed, reason } };
    });
    serve(scope, authorization, 'v1', 'SubjectAccessReview', ({ body }) => {
      const { isAllowed, reason } = authorizer.decide(readSubject(body), readWish(body));
      return { spec: {}, status: { allowed: isAllowed, reason } };
    });
    serve(scope, authorization, 'v1', 'SelfSubjectRulesReview', ({ body, identity }) => {
      const namespace = readNamespace(body);
      const grants = authorizer.grantsOf(identity).filter((one) => one.namespace === '' || one.namespace === namespace);
      const rules = grants.flatMap((one) => one.rules);
      const resourceRules = rules.filter((rule) => rule.resources !== undefined);
      const nonResourceRules = rules.filter((rule) => rule.nonResourceURLs !== undefined);
      return { spec: {}, status: { resourceRules, nonResourceRules, incomplete: false } };
    });
    for (const version of ['v1', 'v1beta1', 'v1alpha1'])
      serve(scope, authentication, version, 'SelfSubjectReview', ({ identity: { user, groups } }) => {
        return { status: { userInfo: { username: user, groups } } };
      });
  });
}

interface Question {
  readonly body: unknown;
  readonly identity: ReturnType<typeof identityOf>;
}

function serve(
  app: FastifyInstance,
  group: string,
  version: string,
  kind: string,
  answer: (question: Question) => object,
): void {
  const resource = `${kind.toLowerCase()}s`;
  const access: RouteAccess = { group, resource, subresource: '', verb: 'create' };
  app.route({
    method: 'POST',
    url: `/apis/${group}/${version}/${resource}`,
    schema: reviewSchema(version, kind),
    config: { access },
    handler: (request: FastifyRequest, reply: FastifyReply) => {
      if (!isRecord(request.body) && !Buffer.isBuffer(request.body))
        throw apiErrors.fail('API_BAD_REQUEST', 'the body must be one object');
      const question = { body: request.body, identity: identityOf(request) };
      return reply.code(201).send({ kind, apiVersion: `${group}/${version}`, metadata: {}, ...answer(question) });
    },
  });
}

function reviewSchema(version: string, kind: string): Record<string, unknown> {
  const content = { 'application/json': { schema: { $ref: 'Review#' } } };
  return {
    ...describeRoute(`post${kind}${version}`, `Ask by a ${kind}`, {}).schema,
    'x-calico-failures': 'review',
    body: { content: { 'application/json': { schema: { type: 'object' } } } },
    response: { 201: { description: 'The answer.', content } },
  };
}
