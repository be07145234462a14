/** "Who am I, and may I?": the reviews that `kubectl auth` posts. Nothing is stored. Source: Kubernetes API reference, SelfSubject*Review. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decide } from '../../access/decide.ts';
import { grantsOf } from '../../access/roles.ts';
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
    schema: { hide: true },
    config: { access },
    handler: (request: FastifyRequest, reply: FastifyReply) =>
      reply.code(201).send({ kind, apiVersion: `${group}/${version}`, metadata: {}, ...review(request) }),
  });
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
