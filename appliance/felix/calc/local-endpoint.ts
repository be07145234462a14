/** An endpoint of this host on its way through the graph, and its final form for the dataplane. Pure. */
import type { Message } from '../model/messages.ts';
import type { LocalHost } from './convert/host-endpoint.ts';
import type { PolicyInput } from './convert/policy.ts';
import type { TierInput } from './convert/tier.ts';
import type { LocalWorkload } from './convert/workload-endpoint.ts';
import { type OrderedPolicy, orderPolicies, selectTiers } from './policy-order.ts';

export type LocalEndpoint = ({ readonly type: 'workload' } & LocalWorkload) | ({ readonly type: 'host' } & LocalHost);

export type EndpointUpdate = Extract<Message, { type: 'workload-endpoint-update' | 'host-endpoint-update' }>;
export type EndpointRemove = Extract<Message, { type: 'workload-endpoint-remove' | 'host-endpoint-remove' }>;

/** The endpoint with its matching policies put in order and split by the stage they are evaluated in. */
export function resolveEndpoint(
  endpoint: LocalEndpoint,
  policies: readonly OrderedPolicy[],
  tiers: ReadonlyMap<string, TierInput>,
): EndpointUpdate {
  const lists = orderPolicies(policies, tiers);
  const normal = selectTiers(lists, isNormal);
  if (endpoint.type === 'workload') {
    return { type: 'workload-endpoint-update', id: endpoint.id, endpoint: { ...endpoint.endpoint, tiers: normal } };
  }
  return {
    type: 'host-endpoint-update',
    id: endpoint.id,
    endpoint: {
      ...endpoint.endpoint,
      tiers: normal,
      untrackedTiers: selectTiers(lists, (policy) => policy.isUntracked, { defaultAction: 'Pass' }),
      preDnatTiers: selectTiers(lists, isPreDnat, { defaultAction: 'Pass', isIngressOnly: true }),
      forwardTiers: selectTiers(lists, (policy) => isNormal(policy) && policy.isAppliedOnForward),
    },
  };
}

/** The message that takes an announced endpoint back. */
export function removeEndpoint(update: EndpointUpdate): EndpointRemove {
  return update.type === 'workload-endpoint-update'
    ? { type: 'workload-endpoint-remove', id: update.id }
    : { type: 'host-endpoint-remove', id: update.id };
}

function isNormal(policy: PolicyInput): boolean {
  return !policy.isUntracked && !policy.isPreDnat;
}

function isPreDnat(policy: PolicyInput): boolean {
  return policy.isPreDnat && !policy.isUntracked;
}
