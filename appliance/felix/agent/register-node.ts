/**
 * Makes sure the store has this host's Node: creates it, or corrects its addresses, and leaves everything else on it alone. I/O through the store.
 */

import { itemOf } from '../../datastore/resources/reader.ts';
import type { Resources } from '../../datastore/resources.ts';
import { hasCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { kindOf } from '../../resources/registry.ts';
import { apiVersion, type Resource } from '../../resources/resource.ts';
import { chooseAddress, type HostAddress, type WantedAddress } from './detect-address.ts';

export interface RegistrationOptions {
  readonly resources: Resources;
  readonly nodename: string;
  readonly wanted: readonly WantedAddress[];
  readonly hostAddresses: () => readonly HostAddress[];
  readonly log: Logger;
}

/** One attempt; throws what the store throws. Writes only when something differs. */
export async function registerNode(options: RegistrationOptions): Promise<void> {
  const ref = { kind: kindOf('Node')!, namespace: '', name: options.nodename };
  const stored = await options.resources.get(ref).catch((error: unknown) => {
    if (hasCode(error, 'RESOURCE_NOT_FOUND')) return undefined;
    throw error;
  });
  if (stored === undefined) {
    const node = withAddresses({ apiVersion, kind: 'Node', metadata: { name: options.nodename }, spec: {} }, options);
    await options.resources.create(node, { isSystem: true });
    options.log.info({ kind: 'Node', name: options.nodename }, 'registered');
    return;
  }
  if (isSame(withAddresses(stored.resource, options), stored.resource)) return;
  await options.resources.modify(ref, (current) => withAddresses(current, options), { isSystem: true });
  options.log.info({ kind: 'Node', name: options.nodename }, 'addresses updated');
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

function withAddresses(node: Resource, { wanted, hostAddresses }: RegistrationOptions): Resource {
  const bgp: Record<string, unknown> = { ...(node.spec.bgp as object | undefined) };
  for (const address of wanted) {
    const field = address.variable === 'IP' ? 'ipv4Address' : 'ipv6Address';
    const stored = bgp[field];
    const chosen = chooseAddress(address, typeof stored === 'string' ? stored : undefined, hostAddresses());
    if (chosen !== undefined) bgp[field] = chosen;
  }
  return Object.keys(bgp).length === 0 ? node : { ...node, spec: { ...node.spec, bgp } };
}

function isSame(a: Resource, b: Resource): boolean {
  return JSON.stringify(a.spec) === JSON.stringify(b.spec);
}
