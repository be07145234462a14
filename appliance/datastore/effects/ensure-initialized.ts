/**
 * What every Calico store holds from the start: ClusterInformation `default` and the built-in tiers. I/O.
 * Safe to run at any time and by several programs at once. Source: the initialisation of Calico's client.
 */
import { hasCode } from '../../lib/errors.ts';
import { createBuiltInTiers, createClusterInformation } from '../../resources/builtin.ts';
import { kindOf } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import type { Resources } from '../resources.ts';

/**
 * Creates what is missing and completes ClusterInformation; an explicit `datastoreReady: false` is kept.
 * `clusterGuid` (32 lower-case hex digits) is used only when the store has none yet. No version is written:
 * upstream's calicoctl refuses to work with a version that is not its own, but not with none.
 */
export async function ensureInitialized(resources: Resources, clusterGuid: string): Promise<void> {
  if (!(await createUnlessPresent(resources, createClusterInformation({ clusterGuid })))) {
    const ref = { kind: kindOf('ClusterInformation')!, namespace: '', name: 'default' };
    await resources.modify(ref, (current) => complete(current, clusterGuid), { isSystem: true });
  }
  for (const tier of createBuiltInTiers()) await createUnlessPresent(resources, tier);
}

async function createUnlessPresent(resources: Resources, resource: Resource): Promise<boolean> {
  try {
    await resources.create(resource, { isSystem: true });
    return true;
  } catch (error) {
    if (hasCode(error, 'RESOURCE_EXISTS')) return false;
    throw error;
  }
}

function complete(current: Resource, clusterGuid: string): Resource {
  const { clusterGUID, datastoreReady, ...spec } = current.spec;
  return {
    ...current,
    spec: { ...spec, clusterGUID: clusterGUID || clusterGuid, datastoreReady: datastoreReady ?? true },
  };
}
