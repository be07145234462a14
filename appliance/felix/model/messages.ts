/**
 * What the calculation graph tells the dataplane: a closed union, in the order a dataplane may rely on.
 * A thing is announced before what refers to it and removed after. Pure types; the shapes follow Felix's ToDataplane messages.
 */
import type { Revision } from '../../datastore/store.ts';
import type { FelixConfig } from './config.ts';
import type { HostEndpoint, HostEndpointId, WorkloadEndpoint, WorkloadEndpointId } from './endpoint.ts';
import type { Policy, PolicyId, ProfileRules } from './policy.ts';

/**
 * `net`: members are canonical masked CIDRs (`10.0.0.1/32`, `fd00::/64`), IPv4 and IPv6 mixed, never /0, overlaps allowed.
 * `ip-port`: `address,protocol-number:port` (`10.0.0.1,6:80`).
 */
export type IpSetType = 'net' | 'ip-port';

export type Message =
  | { readonly type: 'config-update'; readonly config: FelixConfig }
  | {
      readonly type: 'ip-set-update';
      readonly id: string;
      readonly setType: IpSetType;
      readonly members: readonly string[];
    }
  | {
      readonly type: 'ip-set-delta';
      readonly id: string;
      readonly added: readonly string[];
      readonly removed: readonly string[];
    }
  | { readonly type: 'ip-set-remove'; readonly id: string }
  | { readonly type: 'policy-update'; readonly id: PolicyId; readonly policy: Policy }
  | { readonly type: 'policy-remove'; readonly id: PolicyId }
  | { readonly type: 'profile-update'; readonly name: string; readonly profile: ProfileRules }
  | { readonly type: 'profile-remove'; readonly name: string }
  | { readonly type: 'workload-endpoint-update'; readonly id: WorkloadEndpointId; readonly endpoint: WorkloadEndpoint }
  | { readonly type: 'workload-endpoint-remove'; readonly id: WorkloadEndpointId }
  | { readonly type: 'host-endpoint-update'; readonly id: HostEndpointId; readonly endpoint: HostEndpoint }
  | { readonly type: 'host-endpoint-remove'; readonly id: HostEndpointId }
  /** `id` is the pool's canonical CIDR. */
  | { readonly type: 'ip-pool-update'; readonly id: string; readonly pool: IpPool }
  | { readonly type: 'ip-pool-remove'; readonly id: string }
  | { readonly type: 'host-metadata-update'; readonly host: string; readonly metadata: HostMetadata }
  | { readonly type: 'host-metadata-remove'; readonly host: string }
  /** Addresses of services; canonical CIDRs. */
  | { readonly type: 'service-cidr-update' | 'service-cidr-remove'; readonly cidr: string }
  /** Where addresses of the cluster are; by destination. */
  | { readonly type: 'route-update'; readonly route: ClusterRoute }
  | { readonly type: 'route-remove'; readonly destination: string }
  | { readonly type: 'vtep-update'; readonly vtep: TunnelEndpoint }
  | { readonly type: 'vtep-remove'; readonly node: string }
  /** Of each node and family; a key that several other nodes have is not told. */
  | { readonly type: 'wireguard-peer-update'; readonly peer: WireguardPeer }
  | { readonly type: 'wireguard-peer-remove'; readonly family: 4 | 6; readonly node: string }
  /** Nothing is in use before the first of these. */
  | { readonly type: 'encapsulation'; readonly encapsulation: Encapsulation }
  /** Sent exactly once, after everything that was in the store at start. The dataplane writes nothing to the kernel before it. */
  | { readonly type: 'in-sync' };

/** One flush of the graph: after applying it, the kernel is at `revision` of the store. */
export interface Flush {
  readonly revision: Revision;
  readonly messages: readonly Message[];
}

export interface IpPool {
  readonly cidr: string;
  readonly natOutgoing: boolean;
  readonly ipipMode: 'Never' | 'Always' | 'CrossSubnet';
  readonly vxlanMode: 'Never' | 'Always' | 'CrossSubnet';
  readonly allowedUses: readonly string[];
}

export interface HostMetadata {
  /** Canonical bare addresses. */
  readonly ipv4Address?: string;
  readonly ipv6Address?: string;
  /** Of its IPIP device. */
  readonly ipipTunnelAddress?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** An IPAM block, or a single address that another host than its block's uses. */
export interface ClusterRoute {
  /** Canonical CIDR. */
  readonly destination: string;
  /** The host that has the addresses; may be this one. */
  readonly node: string;
  /** That host's, in the family of the destination; absent while its Node does not say. */
  readonly nodeAddress?: string;
  /** What the pool around it asks for; `unknown` outside of all pools for workloads. */
  readonly encapsulation: 'none' | 'ipip' | 'vxlan' | 'unknown';
  /** The pool asks for an encapsulation only across subnets, and the host is in ours. */
  readonly isSameSubnet: boolean;
  readonly isBorrowed: boolean;
}

/** The end of VXLAN tunnels on a node, of this one too; in each family that has a tunnel and a node address. */
export interface TunnelEndpoint {
  readonly node: string;
  readonly ipv4?: TunnelEndpointFamily;
  readonly ipv6?: TunnelEndpointFamily;
}

export interface TunnelEndpointFamily {
  /** Inside the tunnel. */
  readonly address: string;
  readonly mac: string;
  readonly nodeAddress: string;
}

export interface WireguardPeer {
  readonly family: 4 | 6;
  readonly node: string;
  /** Base64 of 32 bytes. */
  readonly publicKey: string;
  readonly nodeAddress: string;
  /** Of its WireGuard device. */
  readonly address?: string;
}

/** What at least one pool asks for. */
export interface Encapsulation {
  readonly ipip: boolean;
  readonly vxlan: boolean;
  readonly vxlanV6: boolean;
}
