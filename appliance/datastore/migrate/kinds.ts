/** Which kinds an export lists, in which order, and which keys its IPAM part has. Pure. Source: `calicoctl datastore migrate export`. */
import type { KindDefinition } from '../../resources/define.ts';
import { kindByPlural } from '../../resources/registry.ts';

/** Upstream's order: what is referred to comes before what refers to it. */
export const exportedKinds: readonly KindDefinition[] = [
  'ippools',
  'bgppeers',
  'tiers',
  'globalnetworkpolicies',
  'stagedglobalnetworkpolicies',
  'globalnetworksets',
  'hostendpoints',
  'kubecontrollersconfigurations',
  'networkpolicies',
  'stagednetworkpolicies',
  'stagedkubernetesnetworkpolicies',
  'networksets',
  'nodes',
  'bgpconfigurations',
  'felixconfigurations',
  'ipreservations',
  'bgpfilters',
].map((plural) => kindByPlural(plural)!);

/** What Kubernetes' own policies are called in the store; upstream does not list them, as they come back by themselves. */
export const kubernetesPolicyPrefix = 'knp.default.';

const ipam = '/calico/ipam/v2/';
export const ipamConfigKey = `${ipam}config`;

/** The list of the IPAM part that a key belongs in. */
export function ipamListOf(key: string): 'block_affinities' | 'blocks' | 'handles' | undefined {
  if (/^\/calico\/ipam\/v2\/assignment\/ipv[46]\/block\/[^/]+$/.test(key)) return 'blocks';
  if (/^\/calico\/ipam\/v2\/(?:host|virtual)\/[^/]+\/ipv[46]\/block\/[^/]+$/.test(key)) return 'block_affinities';
  return key.startsWith(`${ipam}handle/`) ? 'handles' : undefined;
}
