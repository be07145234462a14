/** The kinds whose writes touch more than themselves; kinds not named here have no effects. */
import { bgpPeer } from './bgp-peer.ts';
import type { Effect } from './effect.ts';
import { ipPool } from './ip-pool.ts';
import { namespace } from './namespace.ts';
import { node } from './node.ts';
import { policy } from './policy.ts';
import { profile } from './profile.ts';
import { roleBinding } from './role-binding.ts';
import { tier } from './tier.ts';
import { workloadEndpoint } from './workload-endpoint.ts';

const effects: Readonly<Record<string, Effect>> = {
  BGPPeer: bgpPeer,
  ClusterRoleBinding: roleBinding,
  GlobalNetworkPolicy: policy,
  IPPool: ipPool,
  Namespace: namespace,
  NetworkPolicy: policy,
  Node: node,
  Profile: profile,
  RoleBinding: roleBinding,
  StagedGlobalNetworkPolicy: policy,
  StagedNetworkPolicy: policy,
  Tier: tier,
  WorkloadEndpoint: workloadEndpoint,
};

const none: Effect = {};

/** The effects of a kind. */
export function effectOf(kind: string): Effect {
  return effects[kind] ?? none;
}
