/** FelixConfiguration as the brains read it: decoded, units in the names. Only what is used; `config/decode.ts` makes it. Pure types. */

export interface FailsafePort {
  readonly protocol: number;
  readonly port: number;
  /** Canonical CIDR that limits the far end; absent means any. */
  readonly net?: string;
}

/** Numbers of routing tables, both ends included. */
export interface RouteTableRange {
  readonly first: number;
  readonly last: number;
}

export interface FelixConfig {
  readonly interfacePrefixes: readonly string[];
  readonly interfaceExclude: readonly string[];
  readonly defaultEndpointToHostAction: 'Drop' | 'Return' | 'Accept';
  readonly failsafeInbound: readonly FailsafePort[];
  readonly failsafeOutbound: readonly FailsafePort[];
  /** NftablesMarkMask; the two lowest bits set in it are ours: accept, then pass, then defer. */
  readonly markMask: number;
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
  /** Neighbours on the host's links are answered for workloads whose addresses lie in the network of the link. */
  readonly isLocalSubnetReachable: boolean;
  /** So often these addresses are announced again; 0 for never. */
  readonly localSubnetRefreshMs: number;
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
  readonly areLiveFlowsReevaluated: boolean;
  readonly openstackRegion: string;
  readonly nftablesMode: 'Auto' | 'Enabled' | 'Disabled';

  readonly iptablesBackend: 'Auto' | 'Legacy' | 'NFT';
  readonly chainInsertMode: 'Insert' | 'Append';
  readonly iptablesFilterAllowAction: 'Accept' | 'Return';
  readonly iptablesFilterDenyAction: 'Drop' | 'Reject';
  readonly iptablesMangleAllowAction: 'Accept' | 'Return';
  readonly iptablesMarkMask: number;
  readonly iptablesRefreshIntervalMs: number;
  readonly iptablesPostWriteCheckIntervalMs: number;
  readonly ipsetsRefreshIntervalMs: number;
  readonly ipsetSizeMax: number;

  /** Absent: the pools decide. */
  readonly isVxlanEnabled?: boolean;
  /** 0: from the host's links; so for every MTU. */
  readonly vxlanMtu: number;
  readonly vxlanMtuV6: number;
  readonly vxlanVni: number;
  /** Absent: the pools decide. */
  readonly isIpipEnabled?: boolean;
  readonly ipipMtu: number;
  readonly isWireguardEnabled: boolean;
  readonly isWireguardEnabledV6: boolean;
  readonly isWireguardHostEncryptionEnabled: boolean;
  readonly wireguardInterface: string;
  readonly wireguardInterfaceV6: string;
  readonly wireguardPort: number;
  readonly wireguardPortV6: number;
  readonly wireguardMtu: number;
  readonly wireguardMtuV6: number;
  /** 0 turns it off. */
  readonly wireguardKeepAliveMs: number;
  readonly wireguardRulePriority: number;
  readonly programClusterRoutes: 'Disabled' | 'Enabled' | 'EnabledIPIPOnly' | 'EnabledNoEncapOnly';
  readonly routeSource: 'CalicoIPAM' | 'WorkloadIPs';
  /** RouteTableRanges, else RouteTableRange. */
  readonly routeTableRanges: readonly RouteTableRange[];
  /** Canonical CIDRs of peers that are no hosts of ours and may send tunnel traffic. */
  readonly externalNodeCidrs: readonly string[];
  /** Source of a regular expression. */
  readonly mtuInterfacePattern: string;
  /** Without the file that tells plugins the MTU of workloads the host is not ready. */
  readonly isMtuFileRequired: boolean;

  readonly areFloatingIpsEnabled: boolean;
  /** Where virtual machines are led that ask for their metadata; IPv4. Absent: nowhere. */
  readonly metadata?: { readonly address: string; readonly port: number };
  readonly serviceLoopPrevention: 'Drop' | 'Reject' | 'Disabled';
  /** EndpointStatusPathPrefix; empty turns the files off. */
  readonly endpointStatusPath: string;

  /** HealthTimeoutOverrides by reporter. */
  readonly healthTimeoutsMs: Readonly<Record<string, number>>;
  readonly dataplaneWatchdogTimeoutMs: number;
  readonly isPrometheusEnabled: boolean;
  /** Empty: every address. */
  readonly prometheusHost: string;
  readonly prometheusPort: number;
  readonly prometheusCertFile: string;
  readonly prometheusKeyFile: string;
  readonly prometheusCaFile: string;
  readonly prometheusClientAuth:
    | 'NoClientCert'
    | 'RequireAndVerifyClientCert'
    | 'RequireAnyClientCert'
    | 'VerifyClientCertIfGiven';
  readonly areRuntimeMetricsEnabled: boolean;
  readonly areProcessMetricsEnabled: boolean;
  readonly areWireguardMetricsEnabled: boolean;
  /** For tests: how long after the start it hangs, and how much later than it could each pass begins; 0 turns them off. */
  readonly simulateGraphHangMs: number;
  readonly simulateDataplaneHangMs: number;
  readonly simulatePassDelayMs: number;
}
