/**
 * Makes sure the store has this host's Node: creates it, or corrects its addresses, and leaves everything else on it alone. I/O through the store.
 */

import type { Resources } from '../../datastore/resources.ts';
import { hasCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { kindOf } from '../../resources/registry.ts';
import { apiVersion, type Resource } from '../../resources/resource.ts';
import { chooseAddress, type HostAddress } from './detect-address.ts';

export interface RegistrationOptions {
  readonly resources: Resources;
  readonly nodename: string;
  /** The texts of `IP` and `IP6`; both `none` when the host needs no addresses (policy only). */
  readonly wanted: { readonly ip: string; readonly ip6: string };
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

function withAddresses(node: Resource, options: RegistrationOptions): Resource {
  const bgp = (node.spec.bgp ?? {}) as Record<string, unknown>;
  const ipv4Address = choose('IP', options.wanted.ip, bgp.ipv4Address, options);
  const ipv6Address = choose('IP6', options.wanted.ip6, bgp.ipv6Address, options);
  const next = {
    ...bgp,
    ...(ipv4Address === undefined ? {} : { ipv4Address }),
    ...(ipv6Address === undefined ? {} : { ipv6Address }),
  };
  if (Object.keys(next).length === 0) return node;
  return { ...node, spec: { ...node.spec, bgp: next } };
}

function choose(
  variable: 'IP' | 'IP6',
  wanted: string,
  stored: unknown,
  options: RegistrationOptions,
): string | undefined {
  const known = typeof stored === 'string' ? stored : undefined;
  const chosen = chooseAddress(variable, wanted, known, options.hostAddresses());
  if (chosen.ok) return chosen.value;
  const problem = chosen.problems[0];
  options.log.error({ setting: variable, value: wanted }, problem?.message ?? 'not usable');
  return known;
}

function isSame(a: Resource, b: Resource): boolean {
  return JSON.stringify(a.spec) === JSON.stringify(b.spec);
}
