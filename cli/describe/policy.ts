/** A policy in words: its place among tiers and policies, its rules, and the endpoints it applies to. I/O through the client. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient } from '../client.ts';
import { createMatcher, labelsOf, orderedTiers, type TierPlace, tierOf } from './matching.ts';
import { readWorld } from './read-world.ts';
import { ruleLines } from './rules.ts';
import { printFields, printSection } from './text.ts';

export async function describePolicy(client: ApiClient, policy: Resource) {
  const isStaged = policy.kind.startsWith('Staged');
  const world = await readWorld(client, ['tiers', isStaged ? 'stagedPolicies' : 'policies', 'endpoints', 'profiles']);
  const places = orderedTiers(world);
  const place = places.find(({ name }) => name === tierOf(policy));
  const {
    types = [],
    order,
    selector,
    namespaceSelector,
    serviceAccountSelector,
  } = policy.spec as {
    types?: string[];
    order?: number;
    [selector: string]: unknown;
  };
  const matches = createMatcher(policy);
  const matched = world.endpoints.filter((endpoint) => matches(labelsOf(endpoint, world.profiles)));
  const head = printFields([
    ['Tier', tierText(place, places)],
    ['Order', order === undefined ? '<none> (after all that have one)' : String(order)],
    ['Place', placeText(policy, place)],
    ['Selector', String(selector || 'all()')],
    ...(namespaceSelector ? [['Namespace Selector', String(namespaceSelector)] as const] : []),
    ...(serviceAccountSelector ? [['Service Account Selector', String(serviceAccountSelector)] as const] : []),
    ['Types', types.join(', ') || '<none>'],
    ...(isStaged ? [['Staged', 'yes: it changes nothing until it is enforced'] as const] : []),
  ]);
  const directions = ['ingress', 'egress'].filter((name) => types.some((type) => type.toLowerCase() === name));
  const otherwise = () => `else: ${defaultText(place)}`;
  const rules = ruleLines(policy.spec, directions, otherwise);
  const endpoints = printSection(`Endpoints (${matched.length})`, matched.slice(0, shownMax).map(endpointName));
  const more = matched.length > shownMax ? `  and ${matched.length - shownMax} more\n` : '';
  const hidden = [
    'tier',
    'order',
    'selector',
    'namespaceSelector',
    'serviceAccountSelector',
    'types',
    'ingress',
    'egress',
  ];
  return { text: `${head}${rules}${endpoints}${more}`, hidden };
}

const shownMax = 50;

/** `HostEndpoint edge-1-eth0 (node edge-1)`. */
export function endpointName({ kind, metadata, spec }: Resource): string {
  const scope = metadata.namespace === undefined ? '' : `${metadata.namespace}/`;
  return `${kind} ${scope}${metadata.name} (node ${String(spec.node ?? '<none>')})`;
}

function tierText(place: TierPlace | undefined, places: readonly TierPlace[]): string {
  if (place?.tier === undefined) return `${place?.name ?? ''} (does not exist: its policies deny)`;
  const at = places.indexOf(place) + 1;
  return `${place.name} (${at} of ${places.length}, order ${place.order ?? '<none>'})`;
}

function placeText(policy: Resource, place: TierPlace | undefined): string {
  const list = place?.policies ?? [];
  const at = list.findIndex(
    ({ kind, metadata }) =>
      kind === policy.kind &&
      metadata.name === policy.metadata.name &&
      metadata.namespace === policy.metadata.namespace,
  );
  const before = at > 0 ? `, after ${list[at - 1]!.metadata.name}` : '';
  return `${at + 1} of ${list.length} in its tier${before}`;
}

function defaultText(place: TierPlace | undefined): string {
  const later = 'the next policy of the tier that applies; after the last';
  return `${later}, ${place?.defaultAction === 'Pass' ? 'pass to the next tier' : 'deny'}`;
}
