/** Objects every store has from the start. Pure: the caller gives identifiers and versions. */
import { builtInTiers } from './kinds/tier.ts';
import { apiVersion, type Resource } from './resource.ts';

/** Name of the profile that allows everything; it is never stored. */
export const defaultAllowProfileName = 'projectcalico-default-allow';

/** The built-in tiers: default, kube-admin, kube-baseline. */
export function createBuiltInTiers(): Resource[] {
  return Object.entries(builtInTiers).map(([name, spec]) => ({
    kind: 'Tier',
    apiVersion,
    metadata: { name },
    spec: { ...spec },
    status: {},
  }));
}

/** The profile every get and list of profiles returns besides the stored ones. */
export function createDefaultAllowProfile(): Resource {
  return {
    kind: 'Profile',
    apiVersion,
    metadata: { name: defaultAllowProfileName, resourceVersion: '1' },
    spec: { ingress: [{ action: 'Allow' }], egress: [{ action: 'Allow' }] },
  };
}

/** What a fresh ClusterInformation is made of. */
export interface ClusterFacts {
  /** 32 lower-case hex digits. */
  readonly clusterGuid: string;
  readonly clusterType?: string;
}

/** The ClusterInformation of a new store: ready, and of no release (see `calico-version.ts`). */
export function createClusterInformation(facts: ClusterFacts): Resource {
  return {
    kind: 'ClusterInformation',
    apiVersion,
    metadata: { name: 'default' },
    spec: {
      clusterGUID: facts.clusterGuid,
      ...(facts.clusterType === undefined ? {} : { clusterType: facts.clusterType }),
      datastoreReady: true,
    },
  };
}
