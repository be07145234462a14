/**
 * Cuts a pool into equal parts, which take its place in one transaction. Blocks stay as they are: each lies in one of the parts. I/O.
 * Source: calicoctl's `ipam split`.
 */
import { clusterInformationKey, readClusterInformation } from '../datastore/backup/cluster-information.ts';
import { absent, unchanged } from '../datastore/effects/guard.ts';
import { createReader } from '../datastore/resources/reader.ts';
import { keyOf } from '../datastore/resources/ref.ts';
import type { Stamps } from '../datastore/resources/write.ts';
import type { Store } from '../datastore/store.ts';
import { printProblems } from '../lib/problem.ts';
import { decodeResource } from '../resources/decode.ts';
import { kindOf } from '../resources/registry.ts';
import type { Resource } from '../resources/resource.ts';
import { encodeStored } from '../resources/stored.ts';
import { ipamErrors } from './errors.ts';
import { printNumber } from './model/range.ts';
import { type Pool, poolOf } from './pool.ts';
import type { ChangedKey } from './release.ts';

export interface SplitRequest {
  /** A pool's name, or its CIDR. */
  readonly name?: string;
  readonly cidr?: string;
  readonly parts: number;
}

export interface SplitOptions {
  readonly isDryRun?: boolean;
  readonly onCommit?: (commit: ChangedKey) => void;
}

/** One transaction holds them all. */
const partsMax = 64;

/** The new pools. IPAM_NO_POOL, IPAM_NOT_LOCKED, IPAM_BAD_REQUEST when it cannot be cut so, IPAM_CONFLICT. */
export async function splitPool(
  store: Store,
  stamps: Stamps,
  request: SplitRequest,
  options: SplitOptions = {},
): Promise<Resource[]> {
  const kind = kindOf('IPPool')!;
  const information = await readClusterInformation(store);
  if (information?.isLocked !== true) throw ipamErrors.fail('IPAM_NOT_LOCKED', 'lock it before a pool is split');
  const { items } = await createReader(store).all(kind);
  const wanted = request.name ?? request.cidr;
  const item = items.find(
    ({ resource }) => wanted === (request.name === undefined ? resource.spec.cidr : resource.metadata.name),
  );
  const pool = item && poolOf(item.resource);
  if (item === undefined || pool === undefined) throw ipamErrors.fail('IPAM_NO_POOL', String(wanted));
  const parts = cut(pool, request.parts).map((cidr, i) => partOf(item.resource, cidr, i, stamps));
  if (options.isDryRun === true) return parts;
  const puts = parts.map((part) => ({
    type: 'put' as const,
    key: keyOf({ kind, namespace: '', name: part.metadata.name }),
    value: Buffer.from(encodeStored(part)),
  }));
  const txn = await store.txn({
    compare: [unchanged(item.entry), unchanged(information.entry), ...puts.map(({ key }) => absent(key))],
    success: [{ type: 'delete', key: item.entry.key }, ...puts],
    failure: [],
  });
  if (!txn.succeeded)
    throw ipamErrors.fail('IPAM_CONFLICT', `${clusterInformationKey}, the pool, or pools named split-${pool.name}-N`);
  options.onCommit?.({ ref: { namespace: '', name: pool.name }, before: item.entry.modRevision });
  for (const { metadata } of parts)
    options.onCommit?.({ ref: { namespace: '', name: metadata.name }, after: txn.revision });
  return parts;
}

/** The CIDRs of the parts. */
function cut({ range, blockSize, name }: Pool, parts: number): string[] {
  if (!Number.isSafeInteger(parts) || parts < 2 || (parts & (parts - 1)) !== 0)
    throw ipamErrors.fail('IPAM_BAD_REQUEST', `the number of parts must be a power of 2, not ${parts}`);
  if (parts > partsMax)
    throw ipamErrors.fail('IPAM_BAD_REQUEST', `at most ${partsMax} parts at once; split the parts again`);
  const length = range.length + Math.log2(parts);
  if (length > blockSize)
    throw ipamErrors.fail(
      'IPAM_BAD_REQUEST',
      `parts of /${length} would be smaller than the blocks of ${name}, which are /${blockSize}`,
    );
  const size = range.size / BigInt(parts);
  return Array.from(
    { length: parts },
    (_, i) => `${printNumber(range.family, range.first + BigInt(i) * size)}/${length}`,
  );
}

function partOf({ kind, apiVersion, metadata, spec }: Resource, cidr: string, i: number, stamps: Stamps): Resource {
  const { labels, annotations } = metadata;
  const decoded = decodeResource(
    {
      kind,
      apiVersion,
      metadata: {
        name: `split-${metadata.name}-${i}`,
        uid: stamps.uuid(),
        creationTimestamp: `${stamps.now().toISOString().slice(0, 19)}Z`,
        ...(labels && { labels }),
        ...(annotations && { annotations }),
      },
      spec: { ...spec, cidr },
    },
    'create',
  );
  if (!decoded.ok) throw ipamErrors.fail('IPAM_BAD_REQUEST', printProblems(decoded.problems));
  return decoded.value;
}
