/** etcd's Lease service over a store. I/O through the store. */
import type { handleBidiStreamingCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { hasCode } from '../lib/errors.ts';
import { asServiceError, type FaceContext, refusalFor, unary } from './context.ts';
import type { OpenStreams } from './open-streams.ts';
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
    LeaseGrant: unary(face.log, (request: LeaseRequest & { TTL: Long }) => grant(face, request)),
    LeaseRevoke: unary(face.log, (request: LeaseRequest) => revoke(face, request)),
    LeaseTimeToLive: unary(face.log, (request: LeaseRequest & { keys: boolean }) => timeToLive(face, request)),
    LeaseLeases: unary(face.log, () => leases(face)),
    LeaseKeepAlive: keepAliveStream(face, streams),
  };
}

async function grant(face: FaceContext, request: LeaseRequest & { TTL: Long }): Promise<LeaseAnswer> {
  const ttlSeconds = longToNumber(request.TTL);
  if (ttlSeconds > TTL_SECONDS_MAX) throw new RefusalError(refusals.leaseTooLong);
  const granted = await face.store.leaseGrant(Math.max(1, ttlSeconds), longToBigint(request.ID));
  return { header: await currentHeader(face), ID: bigintToLong(granted.id), TTL: granted.ttlSeconds };
}

async function revoke(face: FaceContext, request: LeaseRequest): Promise<{ header: WireHeader }> {
  return { header: face.header(await face.store.leaseRevoke(longToBigint(request.ID))) };
}

async function timeToLive(face: FaceContext, request: LeaseRequest & { keys: boolean }) {
  const header = await currentHeader(face);
  const lease = await leaseOrGone(face.store.leaseTimeToLive(longToBigint(request.ID), request.keys));
  if (lease === undefined || lease.remainingSeconds < 0) return { header, ID: request.ID, TTL: -1 };
  return {
    header,
    ID: request.ID,
    TTL: lease.remainingSeconds,
    grantedTTL: lease.ttlSeconds,
    keys: request.keys ? lease.keys : [],
  };
}

async function leases(face: FaceContext) {
  const ids = await face.store.leases();
  return { header: await currentHeader(face), leases: ids.map((id) => ({ ID: bigintToLong(id) })) };
}

/** Answers in the order of the requests; a lease that is gone is told by a TTL of 0, not by an error. */
function keepAliveStream(face: FaceContext, streams: OpenStreams): handleBidiStreamingCall<LeaseRequest, LeaseAnswer> {
  return (call) => {
    const closed = streams.add(call);
    let last = Promise.resolve();
    call.on('data', (request: LeaseRequest) => {
      last = last
        .then(() => keepAlive(face, request))
        .then((answer) => void call.write(answer))
        .catch((error: unknown) => void call.emit('error', asServiceError(refusalFor(face.log, error))));
    });
    call.on('end', () => void last.finally(() => call.end()));
    call.on('error', closed);
    call.on('cancelled', closed);
    call.on('finish', closed);
  };
}

async function keepAlive(face: FaceContext, request: LeaseRequest): Promise<LeaseAnswer> {
  const lease = await leaseOrGone(face.store.leaseKeepAlive(longToBigint(request.ID)));
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
