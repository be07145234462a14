/** The buckets of an etcd database other than its keys, as they are after a compaction in a server without users. Pure. */
import type { Revision } from '../../datastore/store.ts';
import type { LeafItem } from './page.ts';
import { revisionKey } from './revision-key.ts';

export interface StoredLease {
  readonly id: bigint;
  readonly ttlSeconds: number;
}

/** Buckets that fit into the root page; `snapshot restore` fills in members and raft's place itself. */
export function smallBuckets(revision: Revision): Readonly<Record<string, readonly LeafItem[]>> {
  const place = revisionKey(revision, 0, false);
  return {
    alarm: [],
    auth: [],
    authRoles: [],
    authUsers: [],
    cluster: [],
    members: [],
    members_removed: [],
    meta: [
      { key: Buffer.from('consistent_index'), value: Buffer.alloc(8) },
      { key: Buffer.from('finishedCompactRev'), value: place },
      { key: Buffer.from('scheduledCompactRev'), value: place },
    ],
  };
}

/** The items of the lease bucket, in its order. */
export function leaseItems(leases: readonly StoredLease[]): LeafItem[] {
  return leases
    .map(({ id, ttlSeconds }) => ({ key: bigEndian(id), value: encodeLease(id, ttlSeconds) }))
    .sort((a, b) => a.key.compare(b.key));
}

/** leasepb.Lease: ID and TTL. */
function encodeLease(id: bigint, ttlSeconds: number): Buffer {
  return Buffer.from([0x08, ...varint(BigInt.asUintN(64, id)), 0x10, ...varint(BigInt(ttlSeconds))]);
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (; value >= 128n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return [...bytes, Number(value)];
}

function bigEndian(id: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(id);
  return bytes;
}
