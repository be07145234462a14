/** All kinds of `projectcalico.org/v3` and those beside them, and how people and paths name them. Pure. Adding a kind is one line here. */
import { calicoGroup, type KindDefinition } from './define.ts';
import { bgpConfiguration } from './kinds/bgp-configuration.ts';
import { bgpFilter } from './kinds/bgp-filter.ts';
import { bgpPeer } from './kinds/bgp-peer.ts';
import { blockAffinity } from './kinds/block-affinity.ts';
import { calicoNodeStatus } from './kinds/calico-node-status.ts';
import { clusterInformation } from './kinds/cluster-information.ts';
import { clusterRole } from './kinds/cluster-role.ts';
import { clusterRoleBinding } from './kinds/cluster-role-binding.ts';
import { felixConfiguration } from './kinds/felix-configuration.ts';
import { globalNetworkPolicy } from './kinds/global-network-policy.ts';
import { globalNetworkSet } from './kinds/global-network-set.ts';
import { hostEndpoint } from './kinds/host-endpoint.ts';
import { ipPool } from './kinds/ip-pool.ts';
import { ipReservation } from './kinds/ip-reservation.ts';
import { ipamConfiguration } from './kinds/ipam-configuration.ts';
import { kubeControllersConfiguration } from './kinds/kube-controllers-configuration.ts';
import { liveMigration } from './kinds/live-migration.ts';
import { namespace } from './kinds/namespace.ts';
import { networkPolicy } from './kinds/network-policy.ts';
import { networkSet } from './kinds/network-set.ts';
import { node } from './kinds/node.ts';
import { profile } from './kinds/profile.ts';
import { role } from './kinds/role.ts';
import { roleBinding } from './kinds/role-binding.ts';
import { serviceAccount } from './kinds/service-account.ts';
import { stagedGlobalNetworkPolicy } from './kinds/staged-global-network-policy.ts';
import { stagedKubernetesNetworkPolicy } from './kinds/staged-kubernetes-network-policy.ts';
import { stagedNetworkPolicy } from './kinds/staged-network-policy.ts';
import { tier } from './kinds/tier.ts';
import { workloadEndpoint } from './kinds/workload-endpoint.ts';

/** Every kind of Calico's, by name. */
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

/** Every kind the API serves: Calico's, and the few of Kubernetes' that say who may do what. No name is in both. */
export const apiKinds: readonly KindDefinition[] = [
  ...kinds,
  namespace,
  serviceAccount,
  clusterRole,
  clusterRoleBinding,
  role,
  roleBinding,
];

const byKind = new Map(apiKinds.map((kind) => [kind.kind, kind]));
const byPlural = new Map(apiKinds.map((kind) => [`${kind.group}/${kind.plural}`, kind]));
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

/** The kind of this path segment, in Calico's group or another. */
export function kindByPlural(plural: string, group: string = calicoGroup): KindDefinition | undefined {
  return byPlural.get(`${group}/${plural}`);
}

/** The kind a person means, in any case: calicoctl's words first, then kubectl's short names and the kind's own names. */
export function findKindByAlias(word: string): KindDefinition | undefined {
  return byAlias.get(word.toLowerCase());
}
