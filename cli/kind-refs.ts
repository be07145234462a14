/**
 * How each kind that calicoctl knows is named and addressed, with its definition loaded on demand: loading all of them costs a command
 * half of its start. Generated from the registry by test/cli/kind-refs.test.ts (BLESS=1); not to be edited. Pure.
 */
import type { KindDefinition } from '#appliance/resources/define.ts';

/** A kind without its schema. */
export interface KindRef {
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
  readonly isReadOnly: boolean;
  /** Absent for `projectcalico.org/v3`. */
  readonly apiVersion?: string;
  /** True for a kind that only the server knows: it has no definition here. */
  readonly isDiscovered?: boolean;
  /** All words that mean the kind, in lower case. */
  readonly words: readonly string[];
  load(): Promise<KindDefinition>;
}

/** In the order of the registry. */
export const kindRefs: readonly KindRef[] = [
  {
    kind: 'BGPConfiguration',
    plural: 'bgpconfigurations',
    isNamespaced: false,
    isReadOnly: false,
    words: ['bgpconfiguration', 'bgpconfigurations', 'bgpconfig', 'bgpconfigs'],
    load: async () => (await import('#appliance/resources/kinds/bgp-configuration.ts')).bgpConfiguration,
  },
  {
    kind: 'BGPFilter',
    plural: 'bgpfilters',
    isNamespaced: false,
    isReadOnly: false,
    words: ['bgpfilter', 'bgpfilters', 'bgpf', 'bgpfs', 'bf', 'bfs'],
    load: async () => (await import('#appliance/resources/kinds/bgp-filter.ts')).bgpFilter,
  },
  {
    kind: 'BGPPeer',
    plural: 'bgppeers',
    isNamespaced: false,
    isReadOnly: false,
    words: ['bgppeer', 'bgppeers', 'bgpp', 'bgpps', 'bp', 'bps'],
    load: async () => (await import('#appliance/resources/kinds/bgp-peer.ts')).bgpPeer,
  },
  {
    kind: 'CalicoNodeStatus',
    plural: 'caliconodestatuses',
    isNamespaced: false,
    isReadOnly: false,
    words: ['caliconodestatus', 'caliconodestatuses', 'nodestatus', 'nodestatuses'],
    load: async () => (await import('#appliance/resources/kinds/calico-node-status.ts')).calicoNodeStatus,
  },
  {
    kind: 'ClusterInformation',
    plural: 'clusterinformations',
    isNamespaced: false,
    isReadOnly: true,
    words: ['clusterinformation', 'clusterinformations', 'clusterinfo', 'clusterinfos'],
    load: async () => (await import('#appliance/resources/kinds/cluster-information.ts')).clusterInformation,
  },
  {
    kind: 'FelixConfiguration',
    plural: 'felixconfigurations',
    isNamespaced: false,
    isReadOnly: false,
    words: ['felixconfiguration', 'felixconfigurations', 'felixconfig', 'felixconfigs'],
    load: async () => (await import('#appliance/resources/kinds/felix-configuration.ts')).felixConfiguration,
  },
  {
    kind: 'GlobalNetworkPolicy',
    plural: 'globalnetworkpolicies',
    isNamespaced: false,
    isReadOnly: false,
    words: ['globalnetworkpolicy', 'globalnetworkpolicies', 'gnp', 'gnps', 'cgnp'],
    load: async () => (await import('#appliance/resources/kinds/global-network-policy.ts')).globalNetworkPolicy,
  },
  {
    kind: 'GlobalNetworkSet',
    plural: 'globalnetworksets',
    isNamespaced: false,
    isReadOnly: false,
    words: ['globalnetworkset', 'globalnetworksets', 'gnetsets', 'gns'],
    load: async () => (await import('#appliance/resources/kinds/global-network-set.ts')).globalNetworkSet,
  },
  {
    kind: 'HostEndpoint',
    plural: 'hostendpoints',
    isNamespaced: false,
    isReadOnly: false,
    words: ['hostendpoint', 'hostendpoints', 'hep', 'heps'],
    load: async () => (await import('#appliance/resources/kinds/host-endpoint.ts')).hostEndpoint,
  },
  {
    kind: 'IPAMConfiguration',
    plural: 'ipamconfigurations',
    isNamespaced: false,
    isReadOnly: false,
    words: ['ipamconfiguration', 'ipamconfigurations', 'ipamconfig', 'ipamconfigs'],
    load: async () => (await import('#appliance/resources/kinds/ipam-configuration.ts')).ipamConfiguration,
  },
  {
    kind: 'IPPool',
    plural: 'ippools',
    isNamespaced: false,
    isReadOnly: false,
    words: ['ippool', 'ippools', 'ipp', 'ipps', 'pool', 'pools'],
    load: async () => (await import('#appliance/resources/kinds/ip-pool.ts')).ipPool,
  },
  {
    kind: 'IPReservation',
    plural: 'ipreservations',
    isNamespaced: false,
    isReadOnly: false,
    words: ['ipreservation', 'ipreservations', 'reservation', 'reservations'],
    load: async () => (await import('#appliance/resources/kinds/ip-reservation.ts')).ipReservation,
  },
  {
    kind: 'KubeControllersConfiguration',
    plural: 'kubecontrollersconfigurations',
    isNamespaced: false,
    isReadOnly: false,
    words: [
      'kubecontrollersconfiguration',
      'kubecontrollersconfigurations',
      'kubecontrollersconfig',
      'kubecontrollersconfigs',
      'kcc',
      'kccs',
      'kcconfig',
    ],
    load: async () =>
      (await import('#appliance/resources/kinds/kube-controllers-configuration.ts')).kubeControllersConfiguration,
  },
  {
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    isNamespaced: true,
    isReadOnly: false,
    words: [
      'networkpolicy',
      'networkpolicies',
      'policy',
      'policies',
      'np',
      'pol',
      'pols',
      'cnp',
      'caliconetworkpolicy',
    ],
    load: async () => (await import('#appliance/resources/kinds/network-policy.ts')).networkPolicy,
  },
  {
    kind: 'NetworkSet',
    plural: 'networksets',
    isNamespaced: true,
    isReadOnly: false,
    words: ['networkset', 'networksets', 'netsets', 'netset'],
    load: async () => (await import('#appliance/resources/kinds/network-set.ts')).networkSet,
  },
  {
    kind: 'Node',
    plural: 'nodes',
    isNamespaced: false,
    isReadOnly: false,
    words: ['node', 'nodes', 'no', 'nos'],
    load: async () => (await import('#appliance/resources/kinds/node.ts')).node,
  },
  {
    kind: 'Profile',
    plural: 'profiles',
    isNamespaced: false,
    isReadOnly: false,
    words: ['profile', 'profiles', 'pro', 'pros'],
    load: async () => (await import('#appliance/resources/kinds/profile.ts')).profile,
  },
  {
    kind: 'StagedGlobalNetworkPolicy',
    plural: 'stagedglobalnetworkpolicies',
    isNamespaced: false,
    isReadOnly: false,
    words: ['stagedglobalnetworkpolicy', 'stagedglobalnetworkpolicies', 'sgnp', 'sgnps'],
    load: async () =>
      (await import('#appliance/resources/kinds/staged-global-network-policy.ts')).stagedGlobalNetworkPolicy,
  },
  {
    kind: 'StagedKubernetesNetworkPolicy',
    plural: 'stagedkubernetesnetworkpolicies',
    isNamespaced: true,
    isReadOnly: false,
    words: [
      'stagedkubernetesnetworkpolicy',
      'stagedkubernetesnetworkpolicies',
      'stagedkubernetespolicy',
      'stagedkubernetespolicies',
      'sknp',
      'skpol',
      'skpols',
    ],
    load: async () =>
      (await import('#appliance/resources/kinds/staged-kubernetes-network-policy.ts')).stagedKubernetesNetworkPolicy,
  },
  {
    kind: 'StagedNetworkPolicy',
    plural: 'stagednetworkpolicies',
    isNamespaced: true,
    isReadOnly: false,
    words: [
      'stagednetworkpolicy',
      'stagednetworkpolicies',
      'stagedpolicy',
      'stagedpolicies',
      'snp',
      'spol',
      'spols',
      'scnp',
    ],
    load: async () => (await import('#appliance/resources/kinds/staged-network-policy.ts')).stagedNetworkPolicy,
  },
  {
    kind: 'Tier',
    plural: 'tiers',
    isNamespaced: false,
    isReadOnly: false,
    words: ['tier', 'tiers'],
    load: async () => (await import('#appliance/resources/kinds/tier.ts')).tier,
  },
  {
    kind: 'WorkloadEndpoint',
    plural: 'workloadendpoints',
    isNamespaced: true,
    isReadOnly: false,
    words: ['workloadendpoint', 'workloadendpoints', 'wep', 'weps'],
    load: async () => (await import('#appliance/resources/kinds/workload-endpoint.ts')).workloadEndpoint,
  },
];
