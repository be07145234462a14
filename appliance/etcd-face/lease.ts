/** etcd's Lease service over a store. I/O through the store. */
import { once } from 'node:events';
import type { handleBidiStreamingCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { hasCode } from '../lib/errors.ts';
import type { Identity } from './access/identity.ts';
import { requireAdmin, requireKnown, requireLease } from './access/permit.ts';
import { asServiceError, type FaceContext, refusalTo, unary } from './context.ts';
import type { OpenStreams } from './open-streams.ts';
import { tooLarge } from './protocol.ts';
import { RefusalError, refusals } from './status.ts';
import { bigintToLong, type Long, longToBigint, longToNumber, type WireHeader } from './wire.ts';

/** The longest lease etcd grants. */
const TTL_SECONDS_MAX = 9_000_000_000;

interface LeaseRequest {
  readonly ID: Long;
}
interface LeaseAnswer {
  readonly header: WireHeader;
  readonly ID: Long;
  readonly TTL: number;
}

/** LeaseGrant, LeaseRevoke, LeaseKeepAlive, LeaseTimeToLive and LeaseLeases. */
export function leaseService(face: FaceContext, streams: OpenStreams): UntypedServiceImplementation {
  return {
    LeaseGrant: unary(face, (request: LeaseRequest & { TTL: Long }, identity) => grant(face, identity, request)),
    LeaseRevoke: unary(face, (request: LeaseRequest, identity) => revoke(face, identity, request)),
    LeaseTimeToLive: unary(face, (request: LeaseRequest & { keys: boolean }, identity) =>
      timeToLive(face, identity, request),
    ),
    LeaseLeases: unary(face, (_request: object, identity) => leases(face, identity)),
    LeaseKeepAlive: keepAliveStream(face, streams),
  };
}

async function grant(face: FaceContext, identity: Identity, request: LeaseRequest & { TTL: Long }) {
  requireKnown(identity);
  const ttlSeconds = longToNumber(request.TTL);
  if (ttlSeconds > TTL_SECONDS_MAX) throw new RefusalError(refusals.leaseTooLong);
  const granted = await face.store.leaseGrant(Math.max(1, ttlSeconds), longToBigint(request.ID));
  return { header: await currentHeader(face), ID: bigintToLong(granted.id), TTL: granted.ttlSeconds };
}

async function revoke(face: FaceContext, identity: Identity, request: LeaseRequest): Promise<{ header: WireHeader }> {
  const id = longToBigint(request.ID);
  await requireLease(face.store, identity, id);
  return { header: face.header(await face.store.leaseRevoke(id)) };
}

async function timeToLive(face: FaceContext, identity: Identity, request: LeaseRequest & { keys: boolean }) {
  const id = longToBigint(request.ID);
  const header = await currentHeader(face);
  await requireLease(face.store, identity, id);
  const lease = await leaseOrGone(face.store.leaseTimeToLive(id, request.keys));
  if (lease === undefined || lease.remainingSeconds < 0) return { header, ID: request.ID, TTL: -1 };
  return {
    header,
    ID: request.ID,
    TTL: lease.remainingSeconds,
    grantedTTL: lease.ttlSeconds,
    keys: request.keys ? lease.keys : [],
  };
}

async function leases(face: FaceContext, identity: Identity) {
  requireAdmin(identity);
  const ids = await face.store.leases();
  return { header: await currentHeader(face), leases: ids.map((id) => ({ ID: bigintToLong(id) })) };
}

/** Answers in the order of the requests; a lease that is gone is told by a TTL of 0, not by an error. */
function keepAliveStream(face: FaceContext, streams: OpenStreams): handleBidiStreamingCall<LeaseRequest, LeaseAnswer> {
  return (call) => {
    const closed = streams.add(call);
    const identity = face.identityOf(call);
    const fail = (error: unknown) =>
      void call.emit('error', asServiceError(refusalTo(face, identity, call.getPath(), error)));
    let last = Promise.resolve();
    call.on('data', (request: LeaseRequest | typeof tooLarge) => {
      call.pause();
      last = answer(request)
        .then(() => void call.resume())
        .catch(fail);
    });
    // Whoever asks and does not read is not read any more either.
    const answer = async (request: LeaseRequest | typeof tooLarge) => {
      if (request === tooLarge) throw new RefusalError(refusals.tooLarge);
      if (!call.write(await keepAlive(face, identity, request))) await once(call, 'drain');
    };
    call.on('end', () => void last.finally(() => call.end()));
    call.on('error', closed);
    call.on('cancelled', closed);
    call.on('finish', closed);
  };
}

async function keepAlive(face: FaceContext, identity: Identity, request: LeaseRequest): Promise<LeaseAnswer> {
  const id = longToBigint(request.ID);
  await requireLease(face.store, identity, id);
  const lease = await leaseOrGone(face.store.leaseKeepAlive(id));
  return { header: await currentHeader(face), ID: request.ID, TTL: lease?.ttlSeconds ?? 0 };
}

async function leaseOrGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasCode(error, 'STORE_LEASE_NOT_FOUND')) return undefined;
    throw error;
  }
}

async function currentHeader(face: FaceContext): Promise<WireHeader> {
  const { current } = await face.store.revisions();
  return face.header(current);
}
