/** Nodes as the resolvers of routes and tunnels see them: addresses with their networks, tunnel addresses, keys. Pure. */
import { hash } from 'node:crypto';
import { masked, parsePrefix, printPrefix } from '#appliance/lib/ip/address.ts';
import { type Conversion, convertResource, type Fields } from './fields.ts';
import { canonicalAddress, isV6Text } from './net.ts';

/** What a node has in one family. */
export interface NodeFamily {
  readonly address?: string;
  /** The network its address lies in; absent when the Node does not say. */
  readonly net?: string;
  readonly vxlanAddress?: string;
  /** Of the VXLAN device: what the Node says, or derived from its name. */
  readonly vxlanMac: string;
  readonly wireguardAddress?: string;
  /** Base64 of 32 bytes. */
  readonly publicKey?: string;
}

export interface NodeNetwork {
  readonly 4: NodeFamily;
  readonly 6: NodeFamily;
}

/** What cannot be read is passed over and reported; the rest may still serve. */
export function convertNodeNetwork(name: string, value: unknown): Conversion<NodeNetwork> {
  return convertResource(value, ({ spec, status }) => {
    const bgp = spec.child('bgp');
    if (bgp?.isEmpty) return undefined;
    const wireguard = spec.child('wireguard') ?? spec.none;
    return {
      4: compact({
        ...readAddress(bgp, 'ipv4Address', spec, 4),
        vxlanAddress: readTunnel(spec, 'ipv4VXLANTunnelAddr', 4),
        vxlanMac: readMac(spec, 'vxlanTunnelMACAddr') ?? derivedMac(name),
        wireguardAddress: readTunnel(wireguard, 'interfaceIPv4Address', 4),
        publicKey: readKey(status, 'wireguardPublicKey'),
      }),
      6: compact({
        ...readAddress(bgp, 'ipv6Address', spec, 6),
        vxlanAddress: readTunnel(spec, 'ipv6VXLANTunnelAddr', 6),
        vxlanMac: readMac(spec, 'vxlanTunnelMACAddrV6') ?? derivedMac(`${name}-v6`),
        wireguardAddress: readTunnel(wireguard, 'interfaceIPv6Address', 6),
        publicKey: readKey(status, 'wireguardPublicKeyV6'),
      }),
    };
  });
}

/** `66` and the first five bytes of the SHA-1 of the name, as upstream has it. */
export function derivedMac(name: string): string {
  return `66${hash('sha1', name, 'hex').slice(0, 10)}`.replace(/(..)(?=.)/g, '$1:');
}

function compact(family: { readonly [K in keyof NodeFamily]: NodeFamily[K] | undefined }): NodeFamily {
  return Object.fromEntries(Object.entries(family).filter(([, value]) => value !== undefined)) as unknown as NodeFamily;
}

/** That of `bgp`, else the first InternalIP, else the first ExternalIP of `addresses`. */
function readAddress(
  bgp: Fields | undefined,
  name: string,
  spec: Fields,
  family: 4 | 6,
): Pick<NodeFamily, 'address' | 'net'> {
  const text = bgp?.text(name) ?? '';
  const prefix = text.includes('/') ? parsePrefix(text) : undefined;
  if (prefix?.address.family === family) {
    const address = canonicalAddress(text, true);
    return address === undefined ? {} : { address, net: printPrefix(masked(prefix)) };
  }
  const entries = spec.children('addresses');
  for (const type of ['InternalIP', 'ExternalIP']) {
    for (const entry of entries) {
      const address = entry.text('type') === type ? canonicalAddress(entry.text('address'), true) : undefined;
      if (address !== undefined && isV6Text(address) === (family === 6)) return { address };
    }
  }
  return {};
}

function readTunnel(fields: Fields, name: string, family: 4 | 6): string | undefined {
  const text = fields.text(name);
  if (text === '') return undefined;
  const address = canonicalAddress(text);
  if (address !== undefined && isV6Text(address) === (family === 6)) return address;
  fields.list.remark(fields.pathOf(name), `not an IPv${family} address`, text);
  return undefined;
}

function readMac(fields: Fields, name: string): string | undefined {
  const text = fields.text(name);
  if (text === '') return undefined;
  if (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) return text.toLowerCase();
  fields.list.remark(fields.pathOf(name), 'not a MAC address', text);
  return undefined;
}

function readKey(fields: Fields, name: string): string | undefined {
  const text = fields.text(name);
  if (text === '') return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 32 && bytes.toString('base64') === text) return text;
  fields.list.remark(fields.pathOf(name), 'not a WireGuard key', text);
  return undefined;
}
