/** Leases over etcd's Lease service. I/O. */
import { once } from 'node:events';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { storeErrors } from '../errors.ts';
import type { LeaseStatus, Revision } from '../store.ts';
import type { EtcdClient } from './client.ts';
import { endQuietly } from './stream.ts';

type KeepAliveStream = ClientDuplexStream<{ ID: string }, { TTL: string }>;

/** Grants a lease; `id` 0n lets etcd choose. */
export async function grantLease(client: EtcdClient, ttlSeconds: number, id: bigint): Promise<LeaseStatus> {
  const request = { TTL: ttlSeconds, ID: id.toString() };
  const granted = await client.write((options) => client.lease.leaseGrant(request, options));
  const seconds = Number(granted.TTL);
  return { id: BigInt(granted.ID), ttlSeconds: seconds, remainingSeconds: seconds, keys: [] };
}

/** Revokes a lease and its keys. */
export async function revokeLease(client: EtcdClient, id: bigint): Promise<Revision> {
  const request = { ID: id.toString() };
  const revoked = await client.write((options) => client.lease.leaseRevoke(request, options));
  return Number(revoked.header.revision);
}

/** Restarts a lease's clock: one request on a stream of its own. Repeating it is harmless. */
export async function keepLeaseAlive(client: EtcdClient, id: bigint): Promise<LeaseStatus> {
  const ttlSeconds = await client.read(async ({ deadline }) => {
    const stream = (await client.lease.leaseKeepAlive({ deadline })) as unknown as KeepAliveStream;
    try {
      const answer = once(stream, 'data');
      stream.write({ ID: id.toString() });
      const [response] = (await answer) as [{ TTL: string }];
      return Number(response.TTL);
    } finally {
      endQuietly(stream);
    }
  });
  if (ttlSeconds <= 0) throw storeErrors.fail('STORE_LEASE_NOT_FOUND', id.toString(16));
  return { id, ttlSeconds, remainingSeconds: ttlSeconds, keys: [] };
}

/** What is left of a lease; remaining -1 when there is none. */
export async function readLease(client: EtcdClient, id: bigint, keys: boolean): Promise<LeaseStatus> {
  const request = { ID: id.toString(), keys };
  const lease = await client.read((options) => client.lease.leaseTimeToLive(request, options));
  return {
    id,
    ttlSeconds: Number(lease.grantedTTL),
    remainingSeconds: Number(lease.TTL),
    keys: lease.keys,
  };
}

/** The ids of all leases. */
export async function listLeases(client: EtcdClient): Promise<readonly bigint[]> {
  const answer = await client.read((options) => client.lease.leaseLeases(options));
  return answer.leases.map((lease) => BigInt(lease.ID));
}
