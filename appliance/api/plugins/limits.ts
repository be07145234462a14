/**
 * How much anybody may ask of the server: requests and watches of an identity, refused proofs from an address, the length of a URL, the
 * time an answer takes. Who is over gets 429 and a time to wait, which Kubernetes' clients obey.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseAddress } from '../../lib/ip/address.ts';
import type { Logger } from '../../lib/log.ts';
import type { ApiContext } from '../context.ts';
import { apiErrors } from '../errors.ts';
import { type Buckets, createBuckets } from '../limits/buckets.ts';
import { attributesOf, originOf } from './access.ts';
import { identityOf } from './authenticate.ts';

export interface Limits {
  /** Requests of one identity; 0: no limit. */
  readonly ratePerSecond: number;
  /** The same for whoever comes over a socket of this host. */
  readonly localRatePerSecond: number;
  /** Refused proofs of identity from one address. */
  readonly failuresPerSecond: number;
  readonly watchesMax: number;
  readonly bodyBytesMax: number;
  /** For an answer, watches excepted. */
  readonly responseTimeoutMs: number;
}

/** So many seconds' worth may come at once. */
const burstSeconds = 2;
const failuresBurstMin = 20;
export const urlBytesMax = 16 * 1024;
const toldEveryMs = 10_000;

export interface Limiter {
  beforeIdentity(app: FastifyInstance): void;
  countRefusal(request: FastifyRequest): void;
  afterIdentity(app: FastifyInstance): void;
}

export function createLimits({ limits, log, now, unreadiness }: ApiContext): Limiter {
  const failures = limits && bucketsOf(limits.failuresPerSecond, failuresBurstMin);
  const remote = limits && bucketsOf(limits.ratePerSecond);
  const local = limits && bucketsOf(limits.localRatePerSecond);
  const watches = new Map<string, number>();
  const tell = rarely(log, now);
  return {
    beforeIdentity(app) {
      app.addHook('onRequest', async (request, reply) => {
        if (request.url.length > urlBytesMax) throw apiErrors.fail('API_URL_TOO_LONG');
        if (limits !== undefined) boundTime(reply, limits.responseTimeoutMs);
        const waitMs = failures?.look(addressKey(request), now()) ?? 0;
        if (waitMs > 0) throw tooMany(request, waitMs, 'too many refused proofs of identity from this address', tell);
        const why = request.url.startsWith('/api') ? unreadiness?.() : undefined;
        if (why !== undefined) throw notReady(why);
      });
    },
    countRefusal(request) {
      if (isRemote(request)) failures?.take(addressKey(request), now());
    },
    afterIdentity(app) {
      if (limits === undefined) return;
      app.addHook('onRequest', async (request, reply) => {
        const { user, proof } = identityOf(request);
        const isLocal = proof === 'socket' || proof === 'loopback';
        // nobody in particular shares a bucket with nobody in particular of the same address only
        const key = proof === 'none' ? `address ${addressKey(request)}` : user;
        const waitMs = (isLocal ? local : remote)?.take(key, now()) ?? 0;
        if (waitMs > 0) throw tooMany(request, waitMs, `more than ${limits.ratePerSecond} requests a second`, tell);
        if (!isLocal && isWatch(request)) countWatch(watches, key, limits.watchesMax, request, reply, tell);
      });
    },
  };
}

function bucketsOf(ratePerSecond: number, burstMin = 1): Buckets | undefined {
  const burst = Math.max(burstMin, ratePerSecond * burstSeconds);
  return ratePerSecond === 0 ? undefined : createBuckets({ ratePerSecond, burst });
}

/** Of IPv6 the network: a host has as many addresses as it likes. */
function addressKey(request: FastifyRequest): string {
  const address = parseAddress(originOf(request));
  if (address === undefined) return originOf(request);
  return Buffer.from(address.bytes.subarray(0, 8)).toString('hex');
}

function isRemote(request: FastifyRequest): boolean {
  return 'encrypted' in request.raw.socket;
}

function isWatch(request: FastifyRequest): boolean {
  const attributes = attributesOf(request);
  return attributes.type === 'resource' && attributes.verb === 'watch';
}

function countWatch(
  watches: Map<string, number>,
  user: string,
  most: number,
  request: FastifyRequest,
  reply: FastifyReply,
  tell: Tell,
): void {
  const count = watches.get(user) ?? 0;
  if (count >= most) throw tooMany(request, 1000, `more than ${most} watches at once`, tell);
  watches.set(user, count + 1);
  reply.raw.once('close', () => {
    const left = (watches.get(user) ?? 1) - 1;
    if (left === 0) watches.delete(user);
    else watches.set(user, left);
  });
}

/** A client that takes forever to read an answer loses its connection: half an answer cannot be told in any better way. */
function boundTime({ raw, request }: FastifyReply, timeoutMs: number): void {
  const timer = setTimeout(() => {
    if (!isWatch(request)) raw.destroy();
  }, timeoutMs).unref();
  raw.once('close', () => clearTimeout(timer));
}

type Tell = (request: FastifyRequest, why: string) => void;

function tooMany(request: FastifyRequest, retryAfterMs: number, why: string, tell: Tell): Error {
  tell(request, why);
  return apiErrors.fail('API_TOO_MANY_REQUESTS', why, { details: { retryAfterMs } });
}

function notReady(why: string): Error {
  return apiErrors.fail('API_NOT_READY', why);
}

/** Once for an address in a while: whoever floods the server must not flood its log. */
function rarely(log: Logger, now: () => number): Tell {
  const seen = new Map<string, number>();
  return (request, why) => {
    const key = addressKey(request);
    if (now() - (seen.get(key) ?? Number.NEGATIVE_INFINITY) < toldEveryMs) return;
    if (seen.size > 1000) seen.clear();
    seen.set(key, now());
    log.warn({ from: originOf(request), why }, 'limited');
  };
}
