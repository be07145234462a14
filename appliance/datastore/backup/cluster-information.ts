/**
 * ClusterInformation `default` as it lies in a store: who the cluster is, and whether its store is locked (`datastoreReady: false`),
 * which is what makes agents hold still. I/O.
 */

import { storeKey } from '../../resources/key.ts';
import { kindOf } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import { decodeStored, encodeStored } from '../../resources/stored.ts';
import type { Entry, Revision, Store } from '../store.ts';

/** Where it lies. */
export const clusterInformationKey = Buffer.from(storeKey(kindOf('ClusterInformation')!, undefined, 'default'));

export interface StoredClusterInformation {
  readonly entry: Entry;
  readonly resource: Resource;
  readonly clusterGuid: string;
  readonly isLocked: boolean;
}

/** What the store has; undefined when it has none, or one that nobody can read. */
export async function readClusterInformation(
  store: Store,
  revision: Revision = 0,
): Promise<StoredClusterInformation | undefined> {
  const { entries } = await store.range({ key: clusterInformationKey, revision });
  const [entry] = entries;
  return entry === undefined ? undefined : decodeClusterInformation(entry);
}

/** Undefined when nobody can read it. */
export function decodeClusterInformation(entry: Entry): StoredClusterInformation | undefined {
  const result = decodeStored(clusterInformationKey.toString(), entry.value, entry.modRevision);
  if (!result.ok) return undefined;
  const { clusterGUID, datastoreReady } = result.value.spec;
  const clusterGuid = typeof clusterGUID === 'string' ? clusterGUID : '';
  return { entry, resource: result.value, clusterGuid, isLocked: datastoreReady === false };
}

/** The same with another lock, as bytes to store. */
export function withLock({ resource }: StoredClusterInformation, isLocked: boolean): Buffer {
  return Buffer.from(encodeStored({ ...resource, spec: { ...resource.spec, datastoreReady: !isLocked } }));
}
