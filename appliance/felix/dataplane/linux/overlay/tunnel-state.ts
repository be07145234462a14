/**
 * What the graph has said of the way between hosts: routes, ends of tunnels, keys, hosts; and what follows for rules. Pure.
 * Rules and routes both read it, so it belongs to the desired state.
 */
import { contains, parseAddress, parsePrefix } from '../../../../lib/ip/address.ts';
import type { FelixConfig } from '../../../model/config.ts';
import type {
  ClusterRoute,
  Encapsulation,
  HostMetadata,
  Message,
  TunnelEndpoint,
  TunnelEndpointFamily,
  WireguardPeer,
} from '../../../model/messages.ts';
import { type TunnelInputs, tunnelSets } from '../../../render/tunnel-rules.ts';

const tunnelMessages = [
  ...(['route-update', 'route-remove', 'vtep-update', 'vtep-remove'] as const),
  ...(['wireguard-peer-update', 'wireguard-peer-remove', 'encapsulation'] as const),
];
/** Messages that nobody else takes. */
export type TunnelMessage = Extract<Message, { readonly type: (typeof tunnelMessages)[number] }>;

export function isTunnelMessage(message: Message): message is TunnelMessage {
  return (tunnelMessages as readonly string[]).includes(message.type);
}

/** Names of the devices; WireGuard's are configured. */
export const devices = { vxlan: { 4: 'vxlan.calico', 6: 'vxlan-v6.calico' }, ipip: 'tunl0' } as const;

export class TunnelState {
  readonly routes = new Map<string, ClusterRoute>();
  readonly vteps = new Map<string, TunnelEndpoint>();
  /** By `family node`. */
  readonly peers = new Map<string, WireguardPeer>();
  readonly hosts = new Map<string, HostMetadata>();
  encapsulation: Encapsulation = { ipip: false, vxlan: false, vxlanV6: false };
  readonly hostname: string;

  constructor(hostname: string) {
    this.hostname = hostname;
  }

  /** Takes what concerns it; true when it did. */
  take(message: Message): boolean {
    switch (message.type) {
      case 'route-update':
        this.routes.set(message.route.destination, message.route);
        return true;
      case 'route-remove':
        return this.routes.delete(message.destination);
      case 'vtep-update':
        this.vteps.set(message.vtep.node, message.vtep);
        return true;
      case 'vtep-remove':
        return this.vteps.delete(message.node);
      case 'wireguard-peer-update':
        this.peers.set(`${message.peer.family} ${message.peer.node}`, message.peer);
        return true;
      case 'wireguard-peer-remove':
        return this.peers.delete(`${message.family} ${message.node}`);
      case 'host-metadata-update':
        this.hosts.set(message.host, message.metadata);
        return true;
      case 'host-metadata-remove':
        return this.hosts.delete(message.host);
      case 'encapsulation':
        this.encapsulation = message.encapsulation;
        return true;
      default:
        return message.type === 'config-update';
    }
  }

  /** The setting can turn it off in both families, and on in IPv4. */
  isVxlan(config: FelixConfig, family: 4 | 6): boolean {
    if (config.isVxlanEnabled === false || (family === 6 && !config.isIpv6Supported)) return false;
    const { vxlan, vxlanV6 } = this.encapsulation;
    return family === 4 ? config.isVxlanEnabled === true || vxlan : vxlanV6;
  }

  isIpip(config: FelixConfig): boolean {
    return config.isIpipEnabled ?? this.encapsulation.ipip;
  }

  isWireguard(config: FelixConfig, family: 4 | 6): boolean {
    return family === 4 ? config.isWireguardEnabled : config.isWireguardEnabledV6 && config.isIpv6Supported;
  }

  /** A block of this host holds the address; one that it borrowed came from elsewhere. */
  isInOwnBlock(address: string): boolean {
    const parsed = parseAddress(address);
    for (const { node, destination } of this.routes.values()) {
      if (node !== this.hostname) continue;
      const block = parsePrefix(destination);
      if (parsed === undefined || block === undefined || block.length === parsed.bytes.length * 8) continue;
      if (contains(block, parsed)) return true;
    }
    return false;
  }

  /** This host's end, or another's. */
  vtepOf(node: string, family: 4 | 6): TunnelEndpointFamily | undefined {
    return this.vteps.get(node)?.[family === 4 ? 'ipv4' : 'ipv6'];
  }

  /** This host's address as its Node has it. */
  ownAddress(family: 4 | 6): string | undefined {
    const own = this.hosts.get(this.hostname);
    return family === 4 ? own?.ipv4Address : own?.ipv6Address;
  }

  /** Members of the sets the rules ask; empty for tunnels that are off. */
  ruleSets(config: FelixConfig): ReadonlyMap<string, readonly string[]> {
    const { isVxlan, isIpip } = this.ruleInputs(config);
    const external = config.externalNodeCidrs;
    const vteps = [...this.vteps.values()].flatMap(({ node, ipv4, ipv6 }) =>
      node === this.hostname ? [] : [ipv4, ipv6].flatMap((end) => (end === undefined ? [] : [netOf(end.nodeAddress)])),
    );
    const hosts = [...this.hosts.values()].flatMap(({ ipv4Address: one }) => (one === undefined ? [] : [netOf(one)]));
    return new Map([
      [tunnelSets.vxlan, isVxlan ? unique([...vteps, ...external]) : []],
      [tunnelSets.ipip, isIpip ? unique([...hosts, ...external]) : []],
    ]);
  }

  ruleInputs(config: FelixConfig): TunnelInputs {
    const families = ([4, 6] as const).filter((family) => this.isVxlan(config, family));
    const ends: { device: string; address: string }[] = families.flatMap((family) => {
      const address = this.vtepOf(this.hostname, family)?.address;
      return address === undefined ? [] : [{ device: devices.vxlan[family], address }];
    });
    const isIpip = this.isIpip(config);
    const ipip = this.hosts.get(this.hostname)?.ipipTunnelAddress;
    if (isIpip && ipip !== undefined) ends.push({ device: devices.ipip, address: ipip });
    const encrypting = ([4, 6] as const).filter((family) => this.isWireguard(config, family));
    const deviceOf = (family: 4 | 6) => (family === 4 ? config.wireguardInterface : config.wireguardInterfaceV6);
    for (const family of encrypting) {
      const address = this.peers.get(`${family} ${this.hostname}`)?.address;
      if (address !== undefined) ends.push({ device: deviceOf(family), address });
    }
    const encrypted = config.isWireguardHostEncryptionEnabled ? encrypting.map(deviceOf) : [];
    const ports = ([4, 6] as const).flatMap((family) =>
      this.isWireguard(config, family) ? [family === 4 ? config.wireguardPort : config.wireguardPortV6] : [],
    );
    return { isVxlan: families.length > 0, isIpip, wireguardPorts: ports, ends, encrypted };
  }
}

/** A bare address as the net of full length. */
export function netOf(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

function unique(nets: readonly string[]): string[] {
  return [...new Set(nets)];
}
