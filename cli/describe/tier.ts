/** A tier in words: its place, and its policies in order. I/O through the client. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient } from '../client.ts';
import { orderedTiers } from './matching.ts';
import { readWorld } from './read-world.ts';
import { printFields, printSection } from './text.ts';

export async function describeTier(client: ApiClient, tier: Resource) {
  const places = orderedTiers(await readWorld(client, ['tiers', 'policies']));
  const at = places.findIndex(({ name }) => name === tier.metadata.name);
  const [before, after] = [places[at - 1], places[at + 1]];
  const neighbours = [
    ...(before === undefined ? [] : [`after ${before.name}`]),
    ...(after === undefined ? [] : [`before ${after.name}`]),
  ].join(', ');
  const head = printFields([['Place', `${at + 1} of ${places.length}${neighbours === '' ? '' : ` (${neighbours})`}`]]);
  const lines = (places[at]?.policies ?? []).map(({ kind, metadata, spec }, i) => {
    const scope = metadata.namespace === undefined ? '' : `${metadata.namespace}/`;
    return `${i + 1}. ${kind} ${scope}${metadata.name} (${spec.order === undefined ? 'no order' : `order ${String(spec.order)}`})`;
  });
  return { text: head + printSection('Policies In Order', lines), hidden: [] };
}
