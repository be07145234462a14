/**
 * Who sent a request, decided before anything else: the socket, a client certificate, or a bearer token. What is shown and does not hold
 * is refused and told, never passed over. Source: Kubernetes documentation, "Authenticating".
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  anonymous,
  bootstrapIdentity,
  certificateIdentity,
  type Identity,
  localIdentity,
} from '../../access/identity.ts';
import type { Enrolment } from '../../enrolment/issue.ts';
import { parseJoinBearer } from '../../enrolment/join-token.ts';
import type { Logger } from '../../lib/log.ts';
import type { Tokens } from '../../tokens/service-account.ts';
import { apiErrors } from '../errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * `none`: for everybody, without any proof (a host that joins has none yet, and a browser loads its pages before it can show a token);
     * `own`: for whoever is known, and the route decides.
     */
    guard?: 'none' | 'own';
  }
}

export interface AuthenticateOptions {
  readonly tokens?: Tokens | undefined;
  readonly enrolment?: Enrolment | undefined;
  readonly log: Logger;
  readonly now: () => number;
  /** Told of each refusal. */
  readonly onRefused: (request: FastifyRequest) => void;
}

/** Establishes who asks; API_UNAUTHENTICATED otherwise, with no more than one sentence for the client and the reason in the log. */
export function authenticate(app: FastifyInstance, options: AuthenticateOptions): void {
  app.addHook('onRequest', async (request) => {
    const found = await prove(request, options);
    if ('identity' in found) {
      identities.set(request, found.identity);
      return;
    }
    const { why } = found;
    const path = request.url.split('?')[0];
    options.log.warn(
      { from: request.raw.socket.remoteAddress ?? 'unix', method: request.method, path, why },
      'refused',
    );
    options.onRefused(request);
    throw apiErrors.fail('API_UNAUTHENTICATED', why);
  });
}

const identities = new WeakMap<FastifyRequest, Identity>();

/** Who sent the request. API_UNAUTHENTICATED for a request that was refused. */
export function identityOf(request: FastifyRequest): Identity {
  const identity = identities.get(request);
  if (identity === undefined) throw apiErrors.fail('API_UNAUTHENTICATED');
  return identity;
}

/** Whether anybody was found behind the request. */
export function isAuthenticated(request: FastifyRequest): boolean {
  return identities.has(request);
}

type Found = { readonly identity: Identity } | { readonly why: string };

/** A certificate comes before a token, as in Kubernetes; a bad certificate is not made good by a token. */
async function prove(request: FastifyRequest, options: AuthenticateOptions): Promise<Found> {
  if (request.routeOptions.config.guard === 'none') return { identity: anonymous };
  const { socket } = request.raw;
  const shown = certificateOf(socket, options.now());
  if (shown !== undefined) return shown;
  const { authorization } = request.headers;
  if (authorization !== undefined) return proveByHeader(authorization, options);
  if (socket instanceof TLSSocket) return { why: 'neither a client certificate nor a token' };
  if (socket.remoteAddress === undefined) return { identity: localIdentity('socket') };
  const why = strangerProblem(request);
  return why === undefined ? { identity: localIdentity('loopback') } : { why };
}

const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/**
 * A browser on this host runs pages from anywhere, and their requests come over loopback too. They are known by the name they ask for (a name of
 * theirs that resolves to this host) and by the page they come from, which no page can hide.
 */
function strangerProblem({ headers }: FastifyRequest): string | undefined {
  const { host = '', origin } = headers;
  if (!loopbackHost.test(host))
    return 'over loopback only requests for a loopback address are taken, by their Host header';
  return origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`
    ? undefined
    : 'the request comes from a web page of another origin';
}

async function proveByHeader(header: string, { tokens, enrolment }: AuthenticateOptions): Promise<Found> {
  const [, token] = /^Bearer +(\S+)$/i.exec(header.trim()) ?? [];
  if (token === undefined) return { why: 'the Authorization header is not of the form "Bearer TOKEN"' };
  const join = parseJoinBearer(token);
  if (join !== undefined) {
    if (enrolment === undefined || join.id === '') return { why: 'the join token is damaged' };
    const why = await enrolment.tokenProblem(join.id, join.secret);
    return why === undefined ? { identity: bootstrapIdentity(join.id) } : { why };
  }
  if (tokens === undefined) return { why: 'tokens are not accepted here' };
  const verdict = await tokens.verify(token);
  return verdict.isGood ? { identity: verdict.identity } : { why: verdict.why };
}

/** What the certificate of a connection proves, and until when. */
interface Shown {
  readonly found: Found;
  readonly endMs: number;
}

const shownBy = new WeakMap<Socket, Shown | 'nothing'>();

/** Undefined when none was shown. A connection outlives neither its certificate's end nor its welcome. */
function certificateOf(socket: Socket, nowMs: number): Found | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  let shown = shownBy.get(socket);
  if (shown === undefined) {
    shown = readCertificate(socket);
    shownBy.set(socket, shown);
  }
  if (shown === 'nothing') return undefined;
  return shown.endMs <= nowMs ? { why: 'the client certificate has expired' } : shown.found;
}

function readCertificate(socket: TLSSocket): Shown | 'nothing' {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return 'nothing';
  const endMs = certificate.validToDate.getTime();
  if (!socket.authorized)
    return { found: { why: explain(socket.authorizationError) }, endMs: Number.POSITIVE_INFINITY };
  const identity = certificateIdentity(socket.getPeerCertificate().subject);
  return { found: identity === undefined ? { why: 'the client certificate has no common name' } : { identity }, endMs };
}

const reasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the client certificate has expired',
  CERT_NOT_YET_VALID: 'the client certificate is not valid yet',
  UNABLE_TO_GET_ISSUER_CERT: 'the client certificate is by another authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the client certificate is by another authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the client certificate is by another authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the client certificate is by another authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'the client certificate is by another authority',
  CERT_SIGNATURE_FAILURE: 'the signature of the client certificate is wrong',
  INVALID_PURPOSE: 'the client certificate is not for clients',
};

function explain(error: unknown): string {
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  return reasons[code] ?? `the client certificate does not hold (${code})`;
}
