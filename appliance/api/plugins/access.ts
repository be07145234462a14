/** Who asks, and whether they may: before anything else happens to a request. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decide } from '../../access/decide.ts';
import { certificateIdentity, type Identity, localIdentity } from '../../access/identity.ts';
import type { Attributes } from '../../access/rule.ts';
import type { Logger } from '../../lib/log.ts';
import { apiErrors } from '../errors.ts';
import { queryOf } from '../routes/target.ts';

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
    /** Pages that say what the API is, and nothing of what is in it: a browser has to load them before it can show a token. */
    isPublic?: boolean;
  }
}

/** Refuses whom we do not know (401) and what nobody has allowed them (403). */
export function guardAccess(app: FastifyInstance, log: Logger): void {
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.isPublic === true) return;
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

const identities = new WeakMap<Socket, Identity>();

/** Who sent the request. API_UNAUTHENTICATED when a certificate names nobody. */
export function identityOf(request: FastifyRequest): Identity {
  const { socket } = request.raw;
  const known = identities.get(socket);
  if (known !== undefined) return known;
  const identity = proven(socket);
  identities.set(socket, identity);
  return identity;
}

/** Plain sockets are local ones: settings refuse others. */
function proven(socket: Socket): Identity {
  if (!(socket instanceof TLSSocket)) return localIdentity(socket.remoteAddress === undefined ? 'socket' : 'loopback');
  const identity = socket.authorized ? certificateIdentity(socket.getPeerCertificate().subject) : undefined;
  if (identity === undefined)
    throw apiErrors.fail('API_UNAUTHENTICATED', 'the certificate has no common name, or is not to be trusted');
  return identity;
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
