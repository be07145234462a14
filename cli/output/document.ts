/** Prints resources as one YAML or JSON document; loads only the printer that is needed. Output through the context. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { CliContext } from '../context.ts';

/** Writes a resource, an array of resources or a typed list to stdout. JSON ends without a newline, as upstream's does. */
export async function printDocument(context: CliContext, type: 'json' | 'yaml', value: unknown): Promise<void> {
  if (type === 'json') {
    const { printJson } = await import('./json.ts');
    context.out(printJson(value));
  } else {
    const { printYamlPieces } = await import('./yaml.ts');
    for (const piece of printYamlPieces(value)) context.out(piece);
  }
}

/** The resource without what belongs to the cluster it was read from, ready to be applied to another. */
export function withoutClusterFields(resource: Resource): Resource {
  const {
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    ownerReferences,
    finalizers,
    ...kept
  } = resource.metadata;
  return { ...resource, metadata: kept };
}

/** The resource without the mark that differs in every version, for comparing two of them. */
export function withoutVersion({ metadata, ...rest }: Resource): unknown {
  const { resourceVersion, ...kept } = metadata;
  return { metadata: kept, ...rest };
}
