/** "Who am I, and may I?": the reviews that `kubectl auth` posts. Nothing is stored. Source: Kubernetes API reference, SelfSubject*Review. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decide } from '../../access/decide.ts';
import { grantsOf } from '../../access/roles.ts';
import { isRecord } from '../../lib/is-record.ts';
import { apiErrors } from '../errors.ts';
import { describeRoute } from '../openapi/describe.ts';
import type { RouteAccess } from '../plugins/access.ts';
import { identityOf } from '../plugins/authenticate.ts';
import { readWish } from '../reviews/wish.ts';

const authorization = 'authorization.k8s.io';
const authentication = 'authentication.k8s.io';

/** Serves the three reviews, also under the versions of authentication that older clients ask first. Their bodies may be protobuf, no others. */
export function serveReviews(app: FastifyInstance): void {
  app.register(async (scope) => {
    const readBuffer = async (_request: FastifyRequest, body: Buffer) => body;
    scope.addContentTypeParser('application/vnd.kubernetes.protobuf', { parseAs: 'buffer' }, readBuffer);
    serve(scope, authorization, 'v1', 'SelfSubjectAccessReview', reviewAccess);
    serve(scope, authorization, 'v1', 'SelfSubjectRulesReview', reviewRules);
    for (const version of ['v1', 'v1beta1', 'v1alpha1'])
      serve(scope, authentication, version, 'SelfSubjectReview', reviewSubject);
  });
}

function serve(
  app: FastifyInstance,
  group: string,
  version: string,
  kind: string,
  review: (request: FastifyRequest) => object,
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
      return reply.code(201).send({ kind, apiVersion: `${group}/${version}`, metadata: {}, ...review(request) });
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

function reviewAccess(request: FastifyRequest) {
  const { isAllowed, reason } = decide(identityOf(request), readWish(request.body));
  return { spec: {}, status: { allowed: isAllowed, reason } };
}

/** Roles hold in all namespaces, so the namespace asked about makes no difference. */
function reviewRules(request: FastifyRequest) {
  const rules = grantsOf(identityOf(request)).flatMap((grant) => grant.rules);
  const resourceRules = rules.filter((rule) => rule.resources !== undefined);
  const nonResourceRules = rules.filter((rule) => rule.nonResourceURLs !== undefined);
  return { spec: {}, status: { resourceRules, nonResourceRules, incomplete: false } };
}

function reviewSubject(request: FastifyRequest) {
  const { user, groups } = identityOf(request);
  return { status: { userInfo: { username: user, groups } } };
}
