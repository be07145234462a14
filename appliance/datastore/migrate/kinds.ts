/** Which kinds an export lists, and in which order. Pure. Source: `calicoctl datastore migrate export`. */
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
