/** Whether who asks may: before anything but their identity is looked at. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { administrators } from '../../access/identity.ts';
import type { Attributes } from '../../access/rule.ts';
import type { Logger } from '../../lib/log.ts';
import type { Authorizer } from '../access/authorizer.ts';
import { RequestAccess } from '../access/request-access.ts';
import { apiErrors } from '../errors.ts';
import { queryOf } from '../routes/target.ts';
import { identityOf } from './authenticate.ts';

/** What a route does, for its `config`. A route without one is no resource: it is known by its path. */
export interface RouteAccess {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** `list` becomes `watch` when the query asks for it. */
  readonly verb: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
}

const accesses = new WeakMap<FastifyRequest, RequestAccess>();

/** Refuses what nobody has allowed (403), and before roles are known all but administrators (503); routes with a guard of their own are passed over. */
export function guardAccess(app: FastifyInstance, authorizer: Authorizer, log: Logger): void {
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.guard !== undefined) return;
    const identity = identityOf(request);
    const attributes = attributesOf(request);
    // what is given away is judged by the newest roles
    if (isAboutRoles(request) && !identity.groups.includes(administrators)) await authorizer.settle();
    const decision = authorizer.decide(identity, attributes);
    const { user, groups } = identity;
    const deny = (reason: string) =>
      log.warn({ user, groups, from: originOf(request), ...attributes, reason }, 'denied');
    if (decision.isAllowed) {
      if (attributes.type === 'resource')
        accesses.set(request, new RequestAccess(authorizer, identity, attributes, decision, deny));
      return;
    }
    deny(decision.reason);
    const details = attributes.type === 'resource' ? { resource: attributes.resource, name: attributes.name } : {};
    throw apiErrors.fail('API_FORBIDDEN', decision.reason, { details });
  });
  // who has been told that a role is given can use it
  app.addHook('onSend', async (request) => {
    // it is done, whether it is known here already or not
    if (isAboutRoles(request)) await authorizer.settle().catch(() => undefined);
  });
}

/** True for changes of roles and bindings. */
function isAboutRoles(request: FastifyRequest): boolean {
  return request.method !== 'GET' && request.routeOptions.config.access?.group === 'rbac.authorization.k8s.io';
}

/** What the request may touch, object by object; undefined for paths that are no resources. */
export function accessTo(request: FastifyRequest): RequestAccess | undefined {
  return accesses.get(request);
}

/** Refuses a request that turns out to do what another verb is for: a patch that makes a resource. API_FORBIDDEN. */
export function requireVerb(request: FastifyRequest, verb: string): void {
  accessTo(request)?.requireVerb(verb);
}

/** Where the request came from: an address, or `unix`. */
export function originOf(request: FastifyRequest): string {
  return request.raw.socket.remoteAddress ?? 'unix';
}

/** What the request wants, in the words of roles. */
export function attributesOf(request: FastifyRequest): Attributes {
  const { access } = request.routeOptions.config;
  if (access === undefined)
    return { type: 'path', verb: request.method.toLowerCase(), path: request.url.split('?')[0]! };
  const { namespace = '', name = nameSelected(access.verb, request) } = request.params as {
    namespace?: string;
    name?: string;
  };
  // what is done to a namespace is done in it, so that a role there can allow it
  const within = access.group === '' && access.resource === 'namespaces' ? name : namespace;
  const isWatch = access.verb === 'list' && !['', '0', 'false'].includes(queryOf(request).watch ?? '0');
  return { type: 'resource', ...access, verb: isWatch ? 'watch' : access.verb, namespace: within, name };
}

const collectionVerbs: readonly string[] = ['list', 'deletecollection'];

/** The one name a collection is narrowed to by a field selector: a right to that name is enough. */
function nameSelected(verb: string, request: FastifyRequest): string {
  if (!collectionVerbs.includes(verb)) return '';
  const terms = (queryOf(request).fieldSelector ?? '').split(',').map((term) => term.trim());
  const [, name] =
    terms.map((term) => /^metadata\.name\s*==?\s*(\S+)$/.exec(term)).find((match) => match !== null) ?? [];
  return name ?? '';
}
