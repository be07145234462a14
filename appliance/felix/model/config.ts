/** FelixConfiguration as the brains read it: decoded, units in the names. Only what is used; `config/resolve.ts` makes it. Pure types. */

export interface FailsafePort {
  readonly protocol: number;
  readonly port: number;
  /** Canonical CIDR that limits the far end; absent means any. */
  readonly net?: string;
}

export interface FelixConfig {
  readonly interfacePrefixes: readonly string[];
  readonly interfaceExclude: readonly string[];
  readonly defaultEndpointToHostAction: 'Drop' | 'Return' | 'Accept';
  readonly failsafeInbound: readonly FailsafePort[];
  readonly failsafeOutbound: readonly FailsafePort[];
  /** NftablesMarkMask; the two lowest bits set in it are ours: accept, then pass, then defer. */
  readonly markMask: number;
  readonly filterAllowAction: 'Accept' | 'Return';
  readonly filterDenyAction: 'Drop' | 'Reject';
  readonly isConntrackInvalidCheckDisabled: boolean;
  readonly logPrefix: string;
  /** `10/second` and the like; empty means no limit. */
  readonly logActionRateLimit: string;
  readonly logActionRateLimitBurst: number;
  readonly areVxlanPacketsFromWorkloadsAllowed: boolean;
  readonly areIpipPacketsFromWorkloadsAllowed: boolean;
  readonly vxlanPort: number;
  readonly natOutgoingAddress?: string;
  readonly natOutgoingExclusions: 'IPPoolsOnly' | 'IPPoolsAndHostIPs';
  readonly natPortRange?: { readonly first: number; readonly last: number };
  readonly natOutgoingInterface?: string;
  readonly isIpv6Supported: boolean;
  readonly isIpForwardingEnabled: boolean;
  readonly deviceRouteProtocol: number;
  readonly ipv4RoutePriority: number;
  readonly ipv6RoutePriority: number;
  readonly deviceRouteSourceAddress?: string;
  readonly deviceRouteSourceAddressV6?: string;
  readonly areExternalRoutesRemoved: boolean;
  readonly isRouteSyncDisabled: boolean;
  readonly isSourceSpoofingAllowed: boolean;
  readonly isEndpointReportingEnabled: boolean;
  readonly endpointReportingDelayMs: number;
  /** 0 turns reports off. */
  readonly reportingIntervalMs: number;
  readonly reportingTtlMs: number;
  readonly routeRefreshIntervalMs: number;
  readonly nftablesRefreshIntervalMs: number;
  readonly interfaceRefreshIntervalMs: number;
  readonly isHealthEnabled: boolean;
  readonly healthHost: string;
  readonly healthPort: number;
  readonly logSeverityScreen: string;
  readonly openstackRegion: string;
}
