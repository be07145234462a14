/** A host or workload endpoint in words: all its labels, and the policies that apply to it in the order they are evaluated. I/O through the client. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient } from '../client.ts';
import { createMatcher, labelsOf, orderedTiers } from './matching.ts';
import { readWorld } from './read-world.ts';
import { printMap, printSection } from './text.ts';

export async function describeEndpoint(client: ApiClient, endpoint: Resource) {
  const world = await readWorld(client, ['tiers', 'policies', 'profiles']);
  const labels = labelsOf(endpoint, world.profiles);
  const lines: string[] = [];
  for (const { name, policies, defaultAction } of orderedTiers(world)) {
    const applying = policies.filter((policy) => createMatcher(policy)(labels) && reaches(policy, endpoint));
    if (applying.length === 0) continue;
    lines.push(`Tier ${name}:`);
    lines.push(...applying.map((policy) => `  ${policyText(policy)}`));
    lines.push(`  else ${defaultAction.toLowerCase()}`);
  }
  const profiles = (endpoint.spec.profiles as string[] | undefined) ?? [];
  lines.push(
    profiles.length > 0 ? `Profiles: ${profiles.join(', ')}` : 'No profiles: what no policy decides is denied',
  );
  const text = printSection('Labels With Profiles', printMap(labels)) + printSection('Policies In Order', lines);
  return { text, hidden: [] };
}

/** Policies before NAT, without tracking and for forwarded traffic are for hosts. */
function reaches({ spec }: Resource, { kind }: Resource): boolean {
  return kind === 'HostEndpoint' || (spec.preDNAT !== true && spec.doNotTrack !== true);
}

function policyText({ kind, metadata, spec }: Resource): string {
  const scope = metadata.namespace === undefined ? '' : `${metadata.namespace}/`;
  const types = ((spec.types as string[] | undefined) ?? []).join(', ');
  const stages = [
    spec.preDNAT === true ? 'before NAT' : '',
    spec.doNotTrack === true ? 'untracked' : '',
    spec.applyOnForward === true ? 'also forwarded' : '',
  ].filter((stage) => stage !== '');
  const order = spec.order === undefined ? 'no order' : `order ${String(spec.order)}`;
  return `${kind} ${scope}${metadata.name} (${[order, types, ...stages].filter((part) => part !== '').join('; ')})`;
}
