/** A node in words: the endpoints on it. I/O through the client. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient } from '../client.ts';
import { readWorld } from './read-world.ts';
import { printSection } from './text.ts';

export async function describeNode(client: ApiClient, node: Resource) {
  const { endpoints } = await readWorld(client, ['endpoints']);
  const own = endpoints.filter(({ spec }) => spec.node === node.metadata.name);
  const lines = (kind: string) =>
    own
      .filter((endpoint) => endpoint.kind === kind)
      .map(({ metadata, spec }) => {
        const scope = metadata.namespace === undefined ? '' : `${metadata.namespace}/`;
        return `${scope}${metadata.name} (${String(spec.interfaceName ?? 'all interfaces')})`;
      });
  const text =
    printSection('Host Endpoints', lines('HostEndpoint')) +
    printSection('Workload Endpoints', lines('WorkloadEndpoint'));
  return { text, hidden: [] };
}
