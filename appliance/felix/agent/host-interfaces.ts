/**
 * The host's interfaces as its Node lists them, for host endpoints that are made from a template. Pure. Source: node start-up, interfaces.
 * Links that are down stay listed: else their protection would go with them, and come back later than they do.
 */
import type { InterfaceAddress, Link } from '../../kernel/kernel.ts';
import { compareBytes, type Family, parsePrefix } from '../../lib/ip/address.ts';
import { checkSubdomain } from '../../resources/fields/name.ts';
import { excludedLinks, isLinkLocal } from './detect-address.ts';

export interface NodeInterface {
  readonly name: string;
  readonly addresses?: readonly string[];
}

export interface HostInterfacesOptions {
  /** Whose addresses are listed. */
  readonly families: readonly Family[];
  readonly isWorkload: (name: string) => boolean;
}

/** Sorted, so that an equal host gives an equal list. Names that a Node cannot hold are left out. */
export function listInterfaces(
  links: readonly Link[],
  addresses: readonly InterfaceAddress[],
  { families, isWorkload }: HostInterfacesOptions,
): NodeInterface[] {
  const byLink = Map.groupBy(addresses, ({ ifindex }) => ifindex);
  return links
    .filter(({ name }) => !excludedLinks.test(name) && !isWorkload(name) && checkSubdomain(name) === undefined)
    .map(({ index, name }) => {
      const own = globalAddresses(byLink.get(index) ?? [], families);
      return own.length === 0 ? { name } : { name, addresses: own };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function globalAddresses(addresses: readonly InterfaceAddress[], families: readonly Family[]): string[] {
  const parsed = addresses.flatMap(({ prefix }) => {
    const address = parsePrefix(prefix)?.address;
    return address === undefined || !families.includes(address.family) || isLinkLocal(address.bytes)
      ? []
      : [{ ...address, text: prefix.split('/', 1)[0]! }];
  });
  return parsed.sort((a, b) => a.family - b.family || compareBytes(a.bytes, b.bytes)).map(({ text }) => text);
}
