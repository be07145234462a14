/** All kinds of `projectcalico.org/v3`, and how people and paths name them. Pure. Adding a kind is one line here. */
import type { KindDefinition } from './define.ts';
import { bgpConfiguration } from './kinds/bgp-configuration.ts';
import { bgpFilter } from './kinds/bgp-filter.ts';
import { bgpPeer } from './kinds/bgp-peer.ts';
import { blockAffinity } from './kinds/block-affinity.ts';
import { calicoNodeStatus } from './kinds/calico-node-status.ts';
import { clusterInformation } from './kinds/cluster-information.ts';
import { felixConfiguration } from './kinds/felix-configuration.ts';
import { globalNetworkPolicy } from './kinds/global-network-policy.ts';
import { globalNetworkSet } from './kinds/global-network-set.ts';
import { hostEndpoint } from './kinds/host-endpoint.ts';
import { ipPool } from './kinds/ip-pool.ts';
import { ipReservation } from './kinds/ip-reservation.ts';
import { ipamConfiguration } from './kinds/ipam-configuration.ts';
import { kubeControllersConfiguration } from './kinds/kube-controllers-configuration.ts';
import { liveMigration } from './kinds/live-migration.ts';
import { networkPolicy } from './kinds/network-policy.ts';
import { networkSet } from './kinds/network-set.ts';
import { node } from './kinds/node.ts';
import { profile } from './kinds/profile.ts';
import { stagedGlobalNetworkPolicy } from './kinds/staged-global-network-policy.ts';
import { stagedKubernetesNetworkPolicy } from './kinds/staged-kubernetes-network-policy.ts';
import { stagedNetworkPolicy } from './kinds/staged-network-policy.ts';
import { tier } from './kinds/tier.ts';
import { workloadEndpoint } from './kinds/workload-endpoint.ts';

/** Every kind, by name. */
export const kinds: readonly KindDefinition[] = [
  bgpConfiguration,
  bgpFilter,
  bgpPeer,
  blockAffinity,
  calicoNodeStatus,
  clusterInformation,
  felixConfiguration,
  globalNetworkPolicy,
  globalNetworkSet,
  hostEndpoint,
  ipamConfiguration,
  ipPool,
  ipReservation,
  kubeControllersConfiguration,
  liveMigration,
  networkPolicy,
  networkSet,
  node,
  profile,
  stagedGlobalNetworkPolicy,
  stagedKubernetesNetworkPolicy,
  stagedNetworkPolicy,
  tier,
  workloadEndpoint,
];

const byKind = new Map(kinds.map((kind) => [kind.kind, kind]));
const byPlural = new Map(kinds.map((kind) => [kind.plural, kind]));
const byAlias = new Map([
  ...kinds.flatMap((kind) => [kind.plural, kind.singular, ...kind.shortNames].map((w) => [w, kind] as const)),
  ...kinds.flatMap((kind) => kind.aliases.map((word) => [word, kind] as const)),
]);

/** The kinds calicoctl has commands for. */
export const calicoctlKinds: readonly KindDefinition[] = kinds.filter((kind) => kind.aliases.length > 0);

/** The kind of this exact name, as manifests write it. */
export function kindOf(kind: string): KindDefinition | undefined {
  return byKind.get(kind);
}

/** The kind of this path segment. */
export function kindByPlural(plural: string): KindDefinition | undefined {
  return byPlural.get(plural);
}

/** The kind a person means, in any case: calicoctl's words first, then kubectl's short names and the kind's own names. */
export function findKindByAlias(word: string): KindDefinition | undefined {
  return byAlias.get(word.toLowerCase());
}
