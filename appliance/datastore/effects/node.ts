/** Nodes: what belongs to a node only goes with it. IP addresses are given back by the IPAM collector. */
import type { KindDefinition } from '../../resources/define.ts';
import { kindOf } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import type { Reader } from '../resources/reader.ts';
import type { Ref } from '../resources/ref.ts';
import type { Entry } from '../store.ts';
import type { Effect, Removal } from './effect.ts';

export const node: Effect = { beforeDelete: everythingOfNode };

const bySpecNode = ['WorkloadEndpoint', 'BGPPeer', 'HostEndpoint'] as const;
const byName = ['FelixConfiguration', 'BGPConfiguration'] as const;

async function everythingOfNode(ref: Ref, reader: Reader): Promise<Removal> {
  const owned = await Promise.all(
    bySpecNode.map((name) => find(kindOf(name)!, ({ spec }) => spec.node === ref.name, reader)),
  );
  const configs = await Promise.all(
    byName.map((name) => reader.entry({ kind: kindOf(name)!, namespace: '', name: `node.${ref.name}` })),
  );
  return { guards: [], also: [...owned.flat(), ...configs.filter((entry) => entry !== undefined)] };
}

async function find(kind: KindDefinition, isOwned: (resource: Resource) => boolean, reader: Reader): Promise<Entry[]> {
  const { items } = await reader.all(kind);
  return items.filter(({ resource }) => isOwned(resource)).map(({ entry }) => entry);
}
