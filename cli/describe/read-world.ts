/** Reads what decides which policies apply where. What may not be read, or is not there, counts as absent. I/O through the client. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient, KindAddress } from '../client.ts';
import type { World } from './matching.ts';

const address = (kind: string, plural: string, isNamespaced: boolean): KindAddress => ({ kind, plural, isNamespaced });

const kinds = {
  tiers: [address('Tier', 'tiers', false)],
  policies: [
    address('GlobalNetworkPolicy', 'globalnetworkpolicies', false),
    address('NetworkPolicy', 'networkpolicies', true),
  ],
  stagedPolicies: [
    address('StagedGlobalNetworkPolicy', 'stagedglobalnetworkpolicies', false),
    address('StagedNetworkPolicy', 'stagednetworkpolicies', true),
  ],
  endpoints: [address('HostEndpoint', 'hostendpoints', false), address('WorkloadEndpoint', 'workloadendpoints', true)],
  profiles: [address('Profile', 'profiles', false)],
} as const;

/** Some of the world; the rest is empty. */
export async function readWorld(client: ApiClient, wanted: readonly (keyof typeof kinds)[]): Promise<World> {
  const read = async (part: keyof typeof kinds): Promise<Resource[]> => {
    if (!wanted.includes(part)) return [];
    const lists = await Promise.all(kinds[part].map((kind) => client.list(kind)));
    return lists.flatMap(({ items }) => items);
  };
  const [tiers, policies, staged, endpoints, profiles] = await Promise.all(
    (['tiers', 'policies', 'stagedPolicies', 'endpoints', 'profiles'] as const).map(read),
  );
  return { tiers: tiers!, policies: [...policies!, ...staged!], endpoints: endpoints!, profiles: profiles! };
}
