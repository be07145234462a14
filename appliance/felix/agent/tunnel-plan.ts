/** Which tunnels a host needs addresses for, from which pools, and where on its Node they stand. Pure. Source: node start-up, tunnel addresses. */
import type { Resource } from '../../resources/resource.ts';

export interface Tunnel {
  /** As IPAM's records name it. */
  readonly type: string;
  readonly family: 4 | 6;
  handleOf(node: string): string;
  /** Undefined when the Node has none. */
  addressOf(node: Resource): string | undefined;
  /** The part of the spec that has the field, and the field. */
  readonly place: readonly [string | undefined, string];
  /** Whether a pool asks for it. */
  wants(pool: Fields, node: Resource, isHostEncrypted: boolean): boolean;
}

type Fields = Readonly<Record<string, unknown>>;

function defineTunnel(
  name: string,
  type: string,
  family: 4 | 6,
  place: Tunnel['place'],
  wants: Tunnel['wants'],
): Tunnel {
  return {
    type,
    family,
    place,
    wants,
    handleOf: (node) => `${name}-tunnel-addr-${node}`,
    addressOf({ spec }) {
      const [part, field] = place;
      const text = (part === undefined ? spec : partOf(spec, part))[field];
      return typeof text === 'string' && text !== '' ? text : undefined;
    },
  };
}

/** Any pool will do once the Node has published its key; encrypted hosts speak with their own addresses. */
const hasKey = (field: string) => (_: Fields, node: Resource, isHostEncrypted: boolean) =>
  !isHostEncrypted &&
  typeof partOf(node as unknown as Fields, 'status')[field] === 'string' &&
  partOf(node as unknown as Fields, 'status')[field] !== '';
const isOn = (field: string) => (pool: Fields) => typeof pool[field] === 'string' && pool[field] !== 'Never';

/** In the order upstream settles them. */
export const tunnels: readonly Tunnel[] = [
  defineTunnel(
    'wireguard',
    'wireguardTunnelAddress',
    4,
    ['wireguard', 'interfaceIPv4Address'],
    hasKey('wireguardPublicKey'),
  ),
  defineTunnel(
    'wireguard-v6',
    'wireguardV6TunnelAddress',
    6,
    ['wireguard', 'interfaceIPv6Address'],
    hasKey('wireguardPublicKeyV6'),
  ),
  defineTunnel('ipip', 'ipipTunnelAddress', 4, ['bgp', 'ipv4IPIPTunnelAddr'], isOn('ipipMode')),
  defineTunnel('vxlan', 'vxlanTunnelAddress', 4, [undefined, 'ipv4VXLANTunnelAddr'], isOn('vxlanMode')),
  defineTunnel('vxlan-v6', 'vxlanV6TunnelAddress', 6, [undefined, 'ipv6VXLANTunnelAddr'], isOn('vxlanMode')),
];

/** For each tunnel the pools that may give it an address, by name; whether a pool is for this node is still to be asked. */
export function planTunnels(
  node: Resource,
  pools: readonly Resource[],
  isHostEncrypted: boolean,
): ReadonlyMap<Tunnel, readonly Resource[]> {
  const sorted = pools.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return new Map(
    tunnels.map((tunnel) => [
      tunnel,
      sorted.filter(({ spec }) => mayGive(spec, tunnel.family) && tunnel.wants(spec, node, isHostEncrypted)),
    ]),
  );
}

function mayGive({ disabled, cidr, allowedUses }: Fields, family: 4 | 6): boolean {
  if (disabled === true || typeof cidr !== 'string' || cidr.includes(':') !== (family === 6)) return false;
  return !Array.isArray(allowedUses) || allowedUses.length === 0 || allowedUses.includes('Tunnel');
}

/** The Node with the address, or without one. An empty part goes with its last field: `bgp: {}` is refused. */
export function withTunnelAddress(node: Resource, { place }: Tunnel, address: string | undefined): Resource {
  const [part, field] = place;
  if (part === undefined) return { ...node, spec: withField(node.spec, field, address) };
  const changed = withField(partOf(node.spec, part), field, address);
  const isEmpty = Object.keys(changed).length === 0;
  return { ...node, spec: withField(node.spec, part, isEmpty ? undefined : changed) };
}

function withField(fields: Fields, name: string, value: unknown): Record<string, unknown> {
  const { [name]: _, ...others } = fields;
  return value === undefined ? others : { ...others, [name]: value };
}

function partOf(fields: Fields, name: string): Fields {
  const value = fields[name];
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
