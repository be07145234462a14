/**
 * `--prune`: what an apply made carries a mark, and what carries it, has the labels asked for and is no longer in the files is deleted. Nothing
 * without the mark is ever touched. I/O through the client.
 */
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient } from '../client.ts';
import type { FlagValues } from '../command.ts';
import { dryRunOf, textFlag } from '../flags.ts';
import type { Manifest } from '../input/manifests.ts';
import { type KindRef, kindRefs } from '../kind-refs.ts';
import type { Results } from '../output/results.ts';
import { type Named, type Outcome, runEach } from '../run-each.ts';

/** The annotation of resources that an apply with --prune may delete again. */
export const pruneMark = 'calicoctl.projectcalico.org/prune';

/** The manifest with the mark. */
export function markApplied(manifest: Manifest): Manifest {
  return { ...manifest, resource: marked(manifest.resource), written: marked(manifest.written) };
}

function marked(resource: Resource): Resource {
  const annotations = { ...resource.metadata?.annotations, [pruneMark]: 'true' };
  return { ...resource, metadata: { ...resource.metadata, annotations } };
}

/** Deletes, or with a dry run only names, what is to go. Each only in the version that was looked at. */
export async function prune(
  client: ApiClient,
  flags: FlagValues,
  manifests: readonly Manifest[],
  results: Results,
): Promise<Outcome[]> {
  const { isDryRun, isClientOnly } = dryRunOf(flags);
  const victims = await findVictims(client, flags, manifests);
  for (const victim of victims) results.set(victim, { action: 'pruned' });
  return runEach(victims, async ({ kind, name, namespace, resourceVersion }) => {
    if (!isClientOnly) await client.remove(kind, name, namespace, resourceVersion, { isDryRun });
  });
}

async function findVictims(client: ApiClient, flags: FlagValues, manifests: readonly Manifest[]): Promise<Named[]> {
  const wanted = new Set(manifests.map(({ kind, name, namespace }) => keyOf(kind, name, namespace)));
  const labelSelector = textFlag(flags, 'selector');
  const kinds = [...new Set([...kindRefs, ...manifests.map(({ kind }) => kind)])].filter((kind) => !kind.isReadOnly);
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const namespace = kind.isNamespaced ? textFlag(flags, 'namespace') : undefined;
      const { items } = await client.list(kind, { labelSelector, namespace });
      return items
        .filter(({ metadata }) => metadata.annotations?.[pruneMark] === 'true')
        .map((item) => named(kind, item));
    }),
  );
  // In the order of the registry policies stand before the tiers they are in, which go last.
  return lists.flat().filter(({ kind, name, namespace }) => !wanted.has(keyOf(kind, name, namespace)));
}

function named(kind: KindRef, { metadata }: Resource): Named {
  const { name, namespace, resourceVersion } = metadata;
  return { kind, name, namespace, resourceVersion };
}

function keyOf(kind: KindRef, name: string, namespace: string | undefined): string {
  return `${kind.kind}/${namespace ?? ''}/${name}`;
}
