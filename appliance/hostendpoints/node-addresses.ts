/** The addresses of a host, out of its Node, in the order in which Calico lists them. Pure. Source: Calico's node controller. */
import { contains, parseAddress, parsePrefix, parsePrefixOrAddress, printAddress } from '../lib/ip/address.ts';
import type { NodeSpec } from '../resources/kinds/node.ts';

/** BGP, tunnels, internal addresses, interfaces; each once, what is no address left out. */
export function nodeAddresses(spec: NodeSpec): string[] {
  const { bgp, wireguard } = spec;
  const listed = [
    bare(bgp?.ipv4Address),
    bare(bgp?.ipv6Address),
    bgp?.ipv4IPIPTunnelAddr,
    spec.ipv4VXLANTunnelAddr,
    spec.ipv6VXLANTunnelAddr,
    wireguard?.interfaceIPv4Address,
    wireguard?.interfaceIPv6Address,
    ...(spec.addresses ?? []).flatMap(({ address, type }) => (type === 'InternalIP' ? [address] : [])),
    ...(spec.interfaces ?? []).flatMap(({ addresses = [] }) => addresses),
  ];
  return [...new Set(listed.filter((text) => text !== undefined && isAddress(text)))] as string[];
}

export function isAddress(text: string): boolean {
  return parseAddress(text) !== undefined;
}

/** In canonical form. A range that is none makes the list empty, as it does for Calico's controller. */
export function addressesWithin(addresses: readonly string[], cidrs: readonly string[]): string[] {
  const ranges = cidrs.map(parsePrefix);
  if (!ranges.every((range) => range !== undefined)) return [];
  return addresses.flatMap((text) => {
    const address = parseAddress(text);
    const isWithin = address !== undefined && ranges.some((range) => contains(range, address));
    return isWithin ? [printAddress(address)] : [];
  });
}

/** Without the length of its prefix. */
function bare(cidr: string | undefined): string | undefined {
  const address = cidr === undefined ? undefined : parsePrefixOrAddress(cidr)?.address;
  return address && printAddress(address);
}
