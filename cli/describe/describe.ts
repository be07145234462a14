/** One resource in words: what every kind has, then what its kind means together with others. I/O: reads those others through the client. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient } from '../client.ts';
import type { KindRef } from '../kind-refs.ts';
import { printFields, printMap, printSection, printTree } from './text.ts';

/** What a kind has to say beyond its fields. `hidden` are fields of the spec that are told here. */
interface Addition {
  readonly text: string;
  readonly hidden: readonly string[];
}

const policyKinds = ['GlobalNetworkPolicy', 'NetworkPolicy', 'StagedGlobalNetworkPolicy', 'StagedNetworkPolicy'];

/** The description, ended by a newline. */
export async function describeResource(client: ApiClient, kind: KindRef, resource: Resource): Promise<string> {
  const { metadata, spec = {}, status } = resource;
  const head = printFields([
    ['Name', metadata.name],
    ...(metadata.namespace === undefined ? [] : [['Namespace', metadata.namespace] as const]),
    ['Labels', printMap(metadata.labels)],
    ['Annotations', printMap(metadata.annotations)],
    ['API Version', resource.apiVersion],
    ['Kind', kind.kind],
    ['Created', metadata.creationTimestamp ?? '<unknown>'],
    ['Revision', metadata.resourceVersion ?? '<unknown>'],
  ]);
  const addition = await additionOf(client, kind, resource);
  const { kind: _kind, apiVersion: _version, metadata: _metadata, spec: _spec, status: _status, ...others } = resource;
  const shown = Object.fromEntries(Object.entries(spec).filter(([key]) => addition?.hidden.includes(key) !== true));
  const sections = [
    Object.keys(shown).length === 0 ? '' : `Spec:\n${printTree(shown, 2)}`,
    Object.keys(others).length === 0 ? '' : printTree(others),
    addition?.text ?? '',
    status === undefined || Object.keys(status).length === 0 ? '' : `Status:\n${printTree(status, 2)}`,
  ];
  return head + sections.join('');
}

async function additionOf(client: ApiClient, kind: KindRef, resource: Resource): Promise<Addition | undefined> {
  if (policyKinds.includes(kind.kind)) return (await import('./policy.ts')).describePolicy(client, resource);
  if (kind.kind === 'HostEndpoint' || kind.kind === 'WorkloadEndpoint') {
    return (await import('./endpoint.ts')).describeEndpoint(client, resource);
  }
  if (kind.kind === 'Tier') return (await import('./tier.ts')).describeTier(client, resource);
  if (kind.kind === 'Node') return (await import('./node.ts')).describeNode(client, resource);
  if (kind.kind === 'Profile') return describeProfile(resource);
  return undefined;
}

async function describeProfile({ spec }: Resource): Promise<Addition> {
  const { ruleLines } = await import('./rules.ts');
  const text = ruleLines(spec, ['ingress', 'egress']);
  return {
    text: `${text}${printSection('Labels To Apply', printMap(spec.labelsToApply as never))}`,
    hidden: ['ingress', 'egress', 'labelsToApply'],
  };
}
