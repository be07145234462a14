/** Local endpoints as the dataplane sees them: with their ordered tiers. Pure types. */
import type { TierPolicies } from './policy.ts';

/** `workload` is `<namespace>/<name>` as in Felix's v1 keys. */
export interface WorkloadEndpointId {
  readonly orchestrator: string;
  readonly workload: string;
  readonly endpoint: string;
}

export interface HostEndpointId {
  readonly name: string;
}

/** A map key that also sorts as Felix sorts: orchestrator, workload, endpoint. */
export function printWorkloadEndpointId(id: WorkloadEndpointId): string {
  return `${id.orchestrator}/${id.workload}/${id.endpoint}`;
}

export interface AddressNat {
  readonly externalIp: string;
  readonly internalIp: string;
}

export interface Bandwidth {
  readonly rateBits: number;
  readonly burstBits: number;
  /** How fast a burst may be spent, and in what pieces. */
  readonly peakBits?: number;
  readonly peakBurstBytes?: number;
}

export interface PacketRate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Of one direction. */
export interface QosLimits {
  readonly bandwidth?: Bandwidth;
  readonly packetRate?: PacketRate;
  readonly maxConnections?: number;
}

export interface QosControls {
  readonly ingress: QosLimits;
  readonly egress: QosLimits;
  /** 0 to 63: what packets that leave the cluster are marked with. */
  readonly dscp?: number;
}

export interface WorkloadEndpoint {
  readonly isActive: boolean;
  readonly interfaceName: string;
  readonly mac?: string;
  readonly profiles: readonly string[];
  /** Canonical CIDRs of full length. */
  readonly ipv4Nets: readonly string[];
  readonly ipv6Nets: readonly string[];
  readonly nats: readonly AddressNat[];
  readonly allowSpoofedSourcePrefixes: readonly string[];
  /** Absent when nothing is limited or marked. */
  readonly qos?: QosControls;
  readonly tiers: readonly TierPolicies[];
}

/** Tier lists by the stage they are evaluated in; a tier without a policy in a list is not in it. */
export interface HostEndpoint {
  /** `*`, a name, or empty when bound by `expectedIps` only. */
  readonly interfaceName: string;
  /** Canonical addresses. */
  readonly expectedIps: readonly string[];
  readonly profiles: readonly string[];
  /** 0 to 63: what packets from the expected addresses carry that leave the cluster. */
  readonly dscp?: number;
  readonly tiers: readonly TierPolicies[];
  readonly untrackedTiers: readonly TierPolicies[];
  readonly preDnatTiers: readonly TierPolicies[];
  readonly forwardTiers: readonly TierPolicies[];
}
