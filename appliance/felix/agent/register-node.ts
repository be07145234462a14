/**
 * Makes sure the store has this host's Node: creates it, or corrects its addresses, and leaves everything else on it alone. I/O through the store.
 */

import { isDeepStrictEqual } from 'node:util';
import { itemOf } from '../../datastore/resources/reader.ts';
import type { Resources } from '../../datastore/resources.ts';
import { hasCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { NodeSpec } from '../../resources/kinds/node.ts';
import { kindOf } from '../../resources/registry.ts';
import { apiVersion, type Resource } from '../../resources/resource.ts';
import { chooseAddress } from './detect-address.ts';
import type { HostFacts } from './host-facts.ts';

export interface RegistrationOptions {
  readonly resources: Resources;
  readonly nodename: string;
  readonly facts: HostFacts;
  /** Leave a Node that is not there alone: somebody may have taken it away. */
  readonly mustExist?: boolean;
  readonly log: Logger;
}

/** One attempt; throws what the store throws. Writes only when something differs, and says whether it did. */
export async function registerNode(options: RegistrationOptions): Promise<boolean> {
  const ref = { kind: kindOf('Node')!, namespace: '', name: options.nodename };
  const stored = await options.resources.get(ref).catch((error: unknown) => {
    if (hasCode(error, 'RESOURCE_NOT_FOUND')) return undefined;
    throw error;
  });
  if (stored === undefined) {
    if (options.mustExist === true) return false;
    const node = withAddresses({ apiVersion, kind: 'Node', metadata: { name: options.nodename }, spec: {} }, options);
    await options.resources.create(node, { isSystem: true });
    options.log.info({ kind: 'Node', name: options.nodename }, 'registered');
    return true;
  }
  if (isSame(withAddresses(stored.resource, options), stored.resource)) return false;
  await options.resources.modify(ref, (current) => withAddresses(current, options), { isSystem: true });
  options.log.info({ kind: 'Node', name: options.nodename }, 'addresses updated');
  return true;
}

/** Says which other Nodes have an address of ours: a host that was renamed or copied. It may be gone, so this stops nothing. */
export async function warnOfConflicts(resources: Resources, nodename: string, log: Logger): Promise<void> {
  const { entries } = await resources.list({ kind: kindOf('Node')!, namespace: '', limit: 0 });
  const nodes = entries.flatMap((entry) => itemOf(entry)?.resource ?? []);
  const own = addressesOf(nodes.find(({ metadata }) => metadata.name === nodename));
  for (const node of nodes) {
    const shared = addressesOf(node).filter((address) => own.includes(address));
    if (node.metadata.name !== nodename && shared.length > 0)
      log.warn({ addresses: shared, other: node.metadata.name }, 'another Node has our address');
  }
}

/** Without the length of their prefix. */
function addressesOf(node: Resource | undefined): string[] {
  const bgp = (node?.spec.bgp ?? {}) as Record<string, unknown>;
  return [bgp.ipv4Address, bgp.ipv6Address].flatMap((cidr) => (typeof cidr === 'string' ? [cidr.split('/')[0]!] : []));
}

function withAddresses(node: Resource, { facts }: RegistrationOptions): Resource {
  const { bgp: before, interfaces: listed, ...spec } = node.spec as NodeSpec;
  const bgp: Record<string, unknown> = { ...before };
  for (const address of facts.wanted) {
    const field = address.variable === 'IP' ? 'ipv4Address' : 'ipv6Address';
    const stored = bgp[field];
    const chosen = chooseAddress(address, typeof stored === 'string' ? stored : undefined, facts.addresses);
    if (chosen !== undefined) bgp[field] = chosen;
  }
  const addresses = withBgp(spec.addresses ?? [], bgp);
  const interfaces = facts.interfaces ?? listed ?? [];
  return {
    ...node,
    spec: {
      ...spec,
      ...(Object.keys(bgp).length === 0 ? {} : { bgp }),
      ...(addresses.length === 0 ? {} : { addresses }),
      ...(interfaces.length === 0 ? {} : { interfaces }),
    },
  };
}

type NodeAddress = NonNullable<NodeSpec['addresses']>[number];

/** Entries of the type that tells BGP's addresses are ours, the others are somebody else's. */
function withBgp(stored: readonly NodeAddress[], bgp: Readonly<Record<string, unknown>>): NodeAddress[] {
  const own = [bgp.ipv4Address, bgp.ipv6Address].flatMap((address): NodeAddress[] =>
    typeof address === 'string' ? [{ address, type: 'CalicoNodeIP' }] : [],
  );
  return [...own, ...stored.filter(({ type }) => type !== 'CalicoNodeIP')];
}

function isSame(a: Resource, b: Resource): boolean {
  return isDeepStrictEqual(a.spec, b.spec);
}
