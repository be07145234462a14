/**
 * Policy worlds as plain data: what the generator makes, the evaluator judges and `manifests.ts` writes out as resources.
 * Nothing here (nor in the evaluator) shares code with the product: selectors are trees, never text that is parsed back. Pure types.
 */

export type Sel =
  | { readonly op: 'all' }
  | { readonly op: 'global' }
  | { readonly op: 'has'; readonly key: string }
  | {
      readonly op: '==' | '!=' | 'contains' | 'starts with' | 'ends with';
      readonly key: string;
      readonly value: string;
    }
  | { readonly op: 'in' | 'not in'; readonly key: string; readonly values: readonly string[] }
  | { readonly op: 'not'; readonly of: Sel }
  | { readonly op: 'and' | 'or'; readonly of: readonly Sel[] };

export interface Side {
  readonly nets?: readonly string[];
  readonly notNets?: readonly string[];
  readonly selector?: Sel;
  readonly notSelector?: Sel;
  readonly namespaceSelector?: Sel;
  readonly serviceAccountNames?: readonly string[];
  readonly serviceAccountSelector?: Sel;
  /** Numbers, `[first, last]`, or port names. */
  readonly ports?: readonly (number | readonly [number, number] | string)[];
  readonly notPorts?: readonly (number | readonly [number, number] | string)[];
}

export interface GenRule {
  readonly action: 'Allow' | 'Deny' | 'Pass' | 'Log';
  readonly ipVersion?: 4 | 6;
  readonly protocol?: string | number;
  readonly notProtocol?: string | number;
  readonly icmp?: { readonly type: number; readonly code?: number };
  readonly notIcmp?: { readonly type: number; readonly code?: number };
  readonly source: Side;
  readonly destination: Side;
}

export interface GenPolicy {
  readonly kind: 'GlobalNetworkPolicy' | 'NetworkPolicy' | 'StagedGlobalNetworkPolicy' | 'StagedNetworkPolicy';
  readonly name: string;
  readonly namespace?: string;
  readonly tier: string;
  readonly order?: number;
  readonly selector?: Sel;
  readonly namespaceSelector?: Sel;
  readonly serviceAccountSelector?: Sel;
  readonly types: readonly ('Ingress' | 'Egress')[];
  readonly ingress: readonly GenRule[];
  readonly egress: readonly GenRule[];
  readonly doNotTrack?: boolean;
  readonly preDNAT?: boolean;
  readonly applyOnForward?: boolean;
}

export interface GenTier {
  readonly name: string;
  readonly order?: number;
  readonly defaultAction: 'Deny' | 'Pass';
}

export interface GenProfile {
  readonly name: string;
  readonly labelsToApply: Readonly<Record<string, string>>;
  readonly ingress: readonly GenRule[];
  readonly egress: readonly GenRule[];
}

export interface GenPort {
  readonly name: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

export interface GenWorkload {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly interfaceName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
  readonly profiles: readonly string[];
  readonly addresses: readonly string[];
  /** Floating IPs. */
  readonly nats: readonly GenNat[];
  readonly ports: readonly GenPort[];
}

export interface GenNat {
  readonly externalIP: string;
  readonly internalIP: string;
}

export interface GenPool {
  readonly cidr: string;
  readonly natOutgoing: boolean;
}

export interface GenHostEndpoint {
  readonly name: string;
  readonly node: string;
  readonly interfaceName?: string;
  readonly expectedIps: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  readonly ports: readonly GenPort[];
}

export interface GenNetworkSet {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly nets: readonly string[];
}

export interface GenWorld {
  readonly node: string;
  readonly tiers: readonly GenTier[];
  readonly policies: readonly GenPolicy[];
  readonly profiles: readonly GenProfile[];
  readonly workloads: readonly GenWorkload[];
  readonly hostEndpoints: readonly GenHostEndpoint[];
  readonly networkSets: readonly GenNetworkSet[];
  /** None lies in another. */
  readonly pools: readonly GenPool[];
  /** What goes to another host keeps its source too. */
  readonly areHostsExcludedFromNat: boolean;
  /** Addresses of the far host. */
  readonly farHost: readonly string[];
  readonly endpointToHostAction: 'Drop' | 'Return' | 'Accept';
  /** The host's own addresses, by link. */
  readonly linkAddresses: Readonly<Record<string, readonly string[]>>;
}

export interface Packet {
  readonly family: 4 | 6;
  readonly source: string;
  readonly destination: string;
  readonly protocol: 'TCP' | 'UDP' | 'ICMP' | 'ICMPv6' | 'SCTP' | 99;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
}

/** What becomes of a packet: nothing comes out, or it does with these addresses. A masqueraded one has any of the host's. */
export interface Outcome {
  readonly verdict: 'allow' | 'deny';
  readonly destination: string;
  readonly sources: readonly string[];
}

/** Where a packet enters and leaves: an interface of the host, or the host itself. */
export interface Flow {
  readonly from: string | 'host';
  readonly to: string | 'host';
  readonly packet: Packet;
}
