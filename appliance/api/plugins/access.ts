/** Whether who asks may: before anything but their identity is looked at. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decide } from '../../access/decide.ts';
import type { Attributes } from '../../access/rule.ts';
import type { Logger } from '../../lib/log.ts';
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

/** Refuses what nobody has allowed (403); routes with a guard of their own are passed over. */
export function guardAccess(app: FastifyInstance, log: Logger): void {
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.guard !== undefined) return;
    const identity = identityOf(request);
    const attributes = attributesOf(request);
    const { isAllowed, reason } = decide(identity, attributes);
    if (isAllowed) return;
    log.warn({ user: identity.user, groups: identity.groups, from: originOf(request), ...attributes }, 'denied');
    const details = attributes.type === 'resource' ? { resource: attributes.resource, name: attributes.name } : {};
    throw apiErrors.fail('API_FORBIDDEN', reason, { details });
  });
}

/** Refuses a request that turns out to do what another verb is for: a patch that makes a resource. API_FORBIDDEN. */
export function requireVerb(request: FastifyRequest, verb: string): void {
  const { isAllowed, reason } = decide(identityOf(request), { ...attributesOf(request), verb });
  if (!isAllowed) throw apiErrors.fail('API_FORBIDDEN', reason, { details: {} });
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
  const { namespace = '', name = '' } = request.params as { namespace?: string; name?: string };
  // what is done to a namespace is done in it, so that a role there can allow it
  const within = access.group === '' && access.resource === 'namespaces' ? name : namespace;
  const isWatch = access.verb === 'list' && !['', '0', 'false'].includes(queryOf(request).watch ?? '0');
  return { type: 'resource', ...access, verb: isWatch ? 'watch' : access.verb, namespace: within, name };
}
