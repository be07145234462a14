/**
 * Tokens of service accounts: JWTs that say whose they are, for whom, until when, and which incarnation of the account they were made
 * for. Deleting the account ends them, making it anew does not bring them back. I/O: asks for the account.
 * Source: Kubernetes documentation, "Managing Service Accounts", bound service account tokens; RFC 7519.
 */
import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Identity } from '../access/identity.ts';
import { isRecord } from '../lib/is-record.ts';
import type { TokenKeys } from './keys.ts';

/** A service account as far as tokens are concerned. */
export interface ServiceAccount {
  readonly uid: string;
}

export interface TokenOptions {
  /** As of now: the file may be replaced. */
  readonly keys: () => TokenKeys;
  readonly issuer: string;
  /** Of tokens that name none, and what a token must name to be taken here. */
  readonly audience: string;
  readonly lifetimeMaxSeconds: number;
  /** Undefined when there is no such account. */
  readonly findServiceAccount: (namespace: string, name: string) => Promise<ServiceAccount | undefined>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresMs: number;
}

/** `why` is for the log and says what is wrong, never the token. */
export type TokenVerdict =
  | { readonly isGood: true; readonly identity: Identity; readonly uid: string; readonly audiences: readonly string[] }
  | { readonly isGood: false; readonly why: string };

export interface Tokens {
  readonly audience: string;
  readonly lifetimeMaxSeconds: number;
  issue(
    account: { readonly namespace: string; readonly name: string; readonly uid: string },
    wish: { readonly seconds: number; readonly audiences: readonly string[] },
  ): Promise<IssuedToken>;
  /** `audiences` it is good for if it names one of them; our own when left out. */
  verify(token: string, audiences?: readonly string[]): Promise<TokenVerdict>;
}

export const accountPrefix = 'system:serviceaccount:';
const algorithm = 'ES256';
const tokenLettersMax = 8192;

export function createTokens(options: TokenOptions): Tokens {
  const { audience, lifetimeMaxSeconds } = options;
  return {
    audience,
    lifetimeMaxSeconds,
    issue: (account, wish) => issue(options, account, wish),
    verify: (token, audiences = [audience]) => verify(options, token, audiences),
  };
}

async function issue(
  { keys, issuer, audience, now }: TokenOptions,
  { namespace, name, uid }: Parameters<Tokens['issue']>[0],
  { seconds, audiences }: Parameters<Tokens['issue']>[1],
): Promise<IssuedToken> {
  const issued = Math.floor(now() / 1000);
  const { id, key } = keys().signing;
  const token = await new SignJWT({ 'kubernetes.io': { namespace, serviceaccount: { name, uid } } })
    .setProtectedHeader({ alg: algorithm, kid: id })
    .setIssuer(issuer)
    .setSubject(`${accountPrefix}${namespace}:${name}`)
    .setAudience(audiences.length === 0 ? [audience] : [...audiences])
    .setIssuedAt(issued)
    .setNotBefore(issued)
    .setExpirationTime(issued + seconds)
    .setJti(randomUUID())
    .sign(key);
  return { token, expiresMs: (issued + seconds) * 1000 };
}

async function verify(options: TokenOptions, token: string, audiences: readonly string[]): Promise<TokenVerdict> {
  if (token.length > tokenLettersMax) return bad('the token is too long');
  let payload: Record<string, unknown>;
  try {
    const found = await jwtVerify(token, ({ kid = '' }) => keyOf(options, kid), {
      algorithms: [algorithm],
      issuer: options.issuer,
      audience: [...audiences],
      currentDate: new Date(options.now()),
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'],
    });
    payload = found.payload;
  } catch (error) {
    return bad(explain(error));
  }
  const claim = accountOf(payload);
  if (claim === undefined) return bad('the token names no service account');
  const account = await options.findServiceAccount(claim.namespace, claim.name);
  if (account === undefined) return bad('the service account of the token has been deleted');
  if (account.uid !== claim.uid) return bad('the service account of the token has been deleted and made anew');
  const named = [payload.aud].flat().filter((text) => typeof text === 'string');
  return {
    isGood: true,
    identity: accountIdentity(claim.namespace, claim.name),
    uid: claim.uid,
    audiences: audiences.filter((text) => named.includes(text)),
  };
}

function keyOf({ keys }: TokenOptions, id: string) {
  const key = keys().believed.get(id);
  if (key === undefined) throw new errors.JWSSignatureVerificationFailed('signed by a key that is not known here');
  return key;
}

/** User and groups of a service account, as Kubernetes names them. */
export function accountIdentity(namespace: string, name: string): Identity {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { user: `${accountPrefix}${namespace}:${name}`, groups, proof: 'token' };
}

function accountOf({ sub, 'kubernetes.io': claim }: Record<string, unknown>) {
  if (!isRecord(claim) || !isRecord(claim.serviceaccount)) return undefined;
  const { namespace } = claim;
  const { name, uid } = claim.serviceaccount;
  if (typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string' || uid === '')
    return undefined;
  return sub === `${accountPrefix}${namespace}:${name}` ? { namespace, name, uid } : undefined;
}

/** The library's words are safe to log: none repeats the token. */
function explain(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'aud'
      ? 'the token is for another audience'
      : `the token's claim ${error.claim} does not hold (${error.reason})`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the token is not signed by the algorithm ES256';
  if (error instanceof errors.JWSSignatureVerificationFailed) return `the token's signature is wrong: ${error.message}`;
  return 'the token is not a well-formed JWT';
}

function bad(why: string): TokenVerdict {
  return { isGood: false, why };
}
