/**
 * The parameters of the host agent: one row each, in the encoding order of FelixConfiguration, then those a file or the
 * environment alone may set. From these rows follow the schema, the resolver of configuration and the reference page.
 * Pure data. Source: Calico's table of Felix parameters (names, types, ranges, defaults are its wire format).
 */

/** How a parameter's text in the environment or a file is read. Times are decimal numbers of the unit. */
export type FelixParameterType =
  | 'boolean'
  | 'optional-boolean'
  | 'integer'
  | 'seconds'
  | 'milliseconds'
  | 'string'
  | 'path'
  | 'file'
  | 'host-port'
  | 'enum'
  | 'regex'
  | 'interface'
  | 'interface-patterns'
  | 'list'
  | 'mask'
  | 'ipv4'
  | 'ipv6'
  | 'cidrs'
  | 'dns-label'
  | 'dscp'
  | 'failsafe-ports'
  | 'port-range'
  | 'port-ranges'
  | 'table-range'
  | 'table-ranges'
  | 'key-values'
  | 'durations'
  | 'conntrack-timeouts'
  | 'map';

/** One parameter. */
export interface FelixParameter {
  /** Name in configuration files; compared without regard to case. */
  readonly name: string;
  /** Field of FelixConfiguration; absent for parameters that only a file or the environment may set. */
  readonly yaml: string | undefined;
  readonly type: FelixParameterType;
  /** Text as it would stand in a file; empty is unset. */
  readonly default: string;
  /** Legal words of an `enum`, in any case unless `isExact` (which binds FelixConfiguration only). */
  readonly words?: readonly string[];
  readonly isExact?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: RegExp;
  /** A bad value stops the agent instead of falling back to the default. */
  readonly isFatal?: boolean;
  /** When the field is written to the store; a pointer upstream unless `filled`. */
  readonly emit?: 'filled' | 'always';
  readonly doc: string;
}

/** Environment variable of a parameter; compared without regard to case. */
export function environmentName(parameter: FelixParameter): string {
  return `FELIX_${parameter.name}`;
}

type Extras = Omit<FelixParameter, 'name' | 'yaml' | 'type' | 'default' | 'doc'>;

function row(
  name: string,
  yaml: string | undefined,
  type: FelixParameterType,
  byDefault: string,
  doc: string,
  extras: Extras = {},
): FelixParameter {
  return { name, yaml, type, default: byDefault, doc, ...extras };
}

/** All parameters; those with a `yaml` name stand in the order of encoding. */
export const felixParameters: readonly FelixParameter[] = [
  row(
    'UseInternalDataplaneDriver',
    'useInternalDataplaneDriver',
    'boolean',
    'true',
    'False = external driver over pipes.',
  ),
  row(
    'DataplaneDriver',
    'dataplaneDriver',
    'path',
    'calico-iptables-plugin',
    'External driver binary, used if internal disabled.',
    { emit: 'filled', isFatal: true },
  ),
  row(
    'DataplaneWatchdogTimeout',
    'dataplaneWatchdogTimeout',
    'seconds',
    '90',
    'Dataplane loop health timeout (deprecated).',
  ),
  row('Ipv6Support', 'ipv6Support', 'boolean', 'true', 'Program the v6 dataplane.'),
  row('RouteRefreshInterval', 'routeRefreshInterval', 'seconds', '90', 'Route/rule/FDB resync period; 0 off.'),
  row('InterfaceRefreshInterval', 'interfaceRefreshInterval', 'seconds', '90', 'Full link rescan period; 0 off.'),
  row('IptablesRefreshInterval', 'iptablesRefreshInterval', 'seconds', '180', 'Full iptables re-read period.'),
  row(
    'IptablesPostWriteCheckIntervalSecs',
    'iptablesPostWriteCheckInterval',
    'seconds',
    '5',
    'First re-read after a write (doubles).',
  ),
  row(
    'IptablesLockProbeIntervalMillis',
    'iptablesLockProbeInterval',
    'milliseconds',
    '50',
    'xtables lock retry interval.',
  ),
  row(
    'FeatureDetectOverride',
    'featureDetectOverride',
    'key-values',
    '',
    'Force detected kernel/tool features on or off.',
    { emit: 'filled', pattern: /^([a-zA-Z0-9_-]+=(true|false|),)*([a-zA-Z0-9_-]+=(true|false|))?$/ },
  ),
  row('FeatureGates', 'featureGates', 'key-values', '', 'Enable/disable tech-preview features.', {
    emit: 'filled',
    pattern: /^([a-zA-Z0-9_-]+=([^=]+),)*([a-zA-Z0-9_-]+=([^=]+))?$/,
  }),
  row('IpsetsRefreshInterval', 'ipsetsRefreshInterval', 'seconds', '90', 'IP set resync period; 0 off.'),
  row('MaxIpsetSize', 'maxIpsetSize', 'integer', '1048576', 'ipset maxelem; ignored by nft.'),
  row('IptablesBackend', 'iptablesBackend', 'enum', 'auto', 'Auto, legacy, nft binaries.', {
    words: ['Auto', 'Legacy', 'NFT'],
  }),
  row('XDPRefreshInterval', 'xdpRefreshInterval', 'seconds', '90', 'XDP resync period.'),
  row('NetlinkTimeoutSecs', 'netlinkTimeout', 'seconds', '10', 'Netlink socket timeout.'),
  row('MetadataAddr', 'metadataAddr', 'string', '127.0.0.1', 'OpenStack metadata server; none = no rule.', {
    emit: 'filled',
    isFatal: true,
  }),
  row('MetadataPort', 'metadataPort', 'integer', '8775', 'OpenStack metadata port.', {
    minimum: 0,
    maximum: 65535,
    isFatal: true,
  }),
  row('OpenstackRegion', 'openstackRegion', 'dns-label', '', 'Region string in status keys.', {
    emit: 'filled',
    isFatal: true,
  }),
  row('InterfacePrefix', 'interfacePrefix', 'list', 'cali', 'Workload link name prefixes.', {
    emit: 'filled',
    isFatal: true,
  }),
  row(
    'InterfaceExclude',
    'interfaceExclude',
    'interface-patterns',
    'kube-ipvs0',
    'Links never resolved as host endpoints.',
    { emit: 'filled' },
  ),
  row('ChainInsertMode', 'chainInsertMode', 'enum', 'insert', 'Insert or append hook jumps (iptables).', {
    emit: 'filled',
    words: ['Append', 'Insert'],
    isFatal: true,
  }),
  row(
    'DefaultEndpointToHostAction',
    'defaultEndpointToHostAction',
    'enum',
    'DROP',
    'WEP→host after WEP egress: DROP/RETURN/ACCEPT.',
    { emit: 'filled', words: ['Accept', 'Drop', 'Return'], isFatal: true },
  ),
  row(
    'IptablesFilterAllowAction',
    'iptablesFilterAllowAction',
    'enum',
    'ACCEPT',
    'ACCEPT or RETURN after allow (filter).',
    { emit: 'filled', words: ['Accept', 'Return'], isFatal: true },
  ),
  row(
    'IptablesMangleAllowAction',
    'iptablesMangleAllowAction',
    'enum',
    'ACCEPT',
    'ACCEPT or RETURN after allow (mangle).',
    { emit: 'filled', words: ['Accept', 'Return'], isFatal: true },
  ),
  row('IptablesFilterDenyAction', 'iptablesFilterDenyAction', 'enum', 'DROP', 'DROP or REJECT.', {
    emit: 'filled',
    words: ['Drop', 'Reject'],
    isFatal: true,
  }),
  row('LogPrefix', 'logPrefix', 'string', 'calico-packet', 'Packet log prefix with %t %k %n %p.', {
    emit: 'filled',
    pattern: /^([a-zA-Z0-9%: /_-])*$/,
  }),
  row(
    'LogActionRateLimit',
    'logActionRateLimit',
    'string',
    '',
    'Limit for Log rules, `N/second`…`N/day`; empty = none.',
    { pattern: /^[1-9]\d{0,3}\/(?:second|minute|hour|day)$/ },
  ),
  row('LogActionRateLimitBurst', 'logActionRateLimitBurst', 'integer', '5', 'Burst for Log limit (0–9999).', {
    minimum: 0,
    maximum: 9999,
  }),
  row('LogFilePath', 'logFilePath', 'path', '/var/log/calico/felix.log', 'Log file; none disables.', {
    emit: 'filled',
    isFatal: true,
  }),
  row('LogSeverityFile', 'logSeverityFile', 'enum', 'INFO', 'Minimum level to file.', {
    emit: 'filled',
    words: ['Debug', 'Error', 'Fatal', 'Info', 'Trace', 'Warning'],
  }),
  row('LogSeverityScreen', 'logSeverityScreen', 'enum', 'INFO', 'Minimum level to stdout.', {
    emit: 'filled',
    words: ['Debug', 'Error', 'Fatal', 'Info', 'Trace', 'Warning'],
  }),
  row('LogSeveritySys', 'logSeveritySys', 'enum', 'INFO', 'Minimum level to syslog; none disables.', {
    emit: 'filled',
    words: ['Debug', 'Error', 'Fatal', 'Info', 'Trace', 'Warning'],
  }),
  row('LogDebugFilenameRegex', 'logDebugFilenameRegex', 'regex', '', 'Only these source files emit debug logs.', {
    emit: 'filled',
  }),
  row('IpInIpEnabled', 'ipipEnabled', 'optional-boolean', '', 'Force IPIP on/off; default from pools.'),
  row('IpInIpMtu', 'ipipMTU', 'integer', '0', 'tunl0 MTU; 0 auto.'),
  row('VXLANEnabled', 'vxlanEnabled', 'optional-boolean', '', 'Force VXLAN on/off; default from pools.'),
  row('VXLANMTU', 'vxlanMTU', 'integer', '0', 'v4 device MTU; 0 auto.'),
  row('VXLANMTUV6', 'vxlanMTUV6', 'integer', '0', 'v6 device MTU; 0 auto.'),
  row('VXLANPort', 'vxlanPort', 'integer', '4789', 'VXLAN UDP port.'),
  row('VXLANVNI', 'vxlanVNI', 'integer', '4096', 'VXLAN network id.'),
  row(
    'AllowVXLANPacketsFromWorkloads',
    'allowVXLANPacketsFromWorkloads',
    'boolean',
    'false',
    'Do not drop VXLAN UDP sent by workloads.',
  ),
  row(
    'AllowIPIPPacketsFromWorkloads',
    'allowIPIPPacketsFromWorkloads',
    'boolean',
    'false',
    'Do not drop proto 4 sent by workloads.',
  ),
  row('ReportingIntervalSecs', 'reportingInterval', 'seconds', '30', 'Process status period; 0 off.'),
  row('ReportingTTLSecs', 'reportingTTL', 'seconds', '90', 'TTL of process status key.'),
  row('EndpointReportingEnabled', 'endpointReportingEnabled', 'boolean', 'false', 'Write endpoint status to etcd.'),
  row(
    'EndpointReportingDelaySecs',
    'endpointReportingDelay',
    'seconds',
    '1',
    'Min gap between endpoint status writes.',
  ),
  row(
    'EndpointStatusPathPrefix',
    'endpointStatusPathPrefix',
    'path',
    '/var/run/calico',
    'Where WEP status files go; empty = off.',
    { emit: 'filled' },
  ),
  row('IptablesMarkMask', 'iptablesMarkMask', 'mask', '0xffff0000', 'Mark bits Felix may use.', { isFatal: true }),
  row(
    'DisableConntrackInvalidCheck',
    'disableConntrackInvalidCheck',
    'boolean',
    'false',
    'Skip the drop of ct-invalid packets.',
  ),
  row('HealthEnabled', 'healthEnabled', 'boolean', 'false', 'Serve liveness/readiness HTTP.'),
  row('HealthHost', 'healthHost', 'string', 'localhost', 'Health bind host.'),
  row('HealthPort', 'healthPort', 'integer', '9099', 'Health TCP port.', { minimum: 0, maximum: 65535 }),
  row(
    'HealthTimeoutOverrides',
    'healthTimeoutOverrides',
    'durations',
    '',
    'Per-reporter watchdog durations; change needs no restart.',
    { emit: 'filled' },
  ),
  row('PrometheusMetricsEnabled', 'prometheusMetricsEnabled', 'boolean', 'false', 'Serve /metrics.'),
  row('PrometheusMetricsHost', 'prometheusMetricsHost', 'string', '', 'Metrics bind host; empty all.', {
    emit: 'filled',
    pattern: /^[a-zA-Z0-9:._+-]{1,64}$/,
  }),
  row('PrometheusMetricsPort', 'prometheusMetricsPort', 'integer', '9091', 'Metrics TCP port.', {
    minimum: 0,
    maximum: 65535,
  }),
  row('PrometheusGoMetricsEnabled', 'prometheusGoMetricsEnabled', 'boolean', 'true', 'Include runtime metrics.'),
  row(
    'PrometheusProcessMetricsEnabled',
    'prometheusProcessMetricsEnabled',
    'boolean',
    'true',
    'Include process metrics.',
  ),
  row(
    'PrometheusWireGuardMetricsEnabled',
    'prometheusWireGuardMetricsEnabled',
    'boolean',
    'true',
    'Include WireGuard peer metrics.',
  ),
  row('PrometheusMetricsCAFile', 'prometheusMetricsCAFile', 'string', '', 'CA for client certificates.'),
  row(
    'PrometheusMetricsCertFile',
    'prometheusMetricsCertFile',
    'string',
    '',
    'Server certificate; with key enables HTTPS.',
  ),
  row('PrometheusMetricsKeyFile', 'prometheusMetricsKeyFile', 'string', '', 'Server private key.'),
  row(
    'PrometheusMetricsClientAuth',
    'prometheusMetricsClientAuth',
    'enum',
    'NoClientCert',
    'TLS client authentication policy.',
    {
      words: ['NoClientCert', 'RequireAndVerifyClientCert', 'RequireAnyClientCert', 'VerifyClientCertIfGiven'],
      isExact: true,
    },
  ),
  row(
    'FailsafeInboundHostPorts',
    'failsafeInboundHostPorts',
    'failsafe-ports',
    'tcp:22,udp:68,tcp:179,tcp:2379,tcp:2380,tcp:5473,tcp:6443,tcp:6666,tcp:6667',
    'HEP ports always allowed in.',
    { isFatal: true },
  ),
  row(
    'FailsafeOutboundHostPorts',
    'failsafeOutboundHostPorts',
    'failsafe-ports',
    'udp:53,udp:67,tcp:179,tcp:2379,tcp:2380,tcp:5473,tcp:6443,tcp:6666,tcp:6667',
    'HEP ports always allowed out.',
    { isFatal: true },
  ),
  row('KubeNodePortRanges', 'kubeNodePortRanges', 'port-ranges', '30000:32767', 'Node ports (IPVS only).'),
  row('PolicySyncPathPrefix', 'policySyncPathPrefix', 'path', '', 'Enable per-workload policy-sync sockets.', {
    emit: 'filled',
  }),
  row('UsageReportingEnabled', 'usageReportingEnabled', 'boolean', 'true', 'Anonymous usage ping.'),
  row('UsageReportingInitialDelaySecs', 'usageReportingInitialDelay', 'seconds', '300', 'First ping delay.'),
  row('UsageReportingIntervalSecs', 'usageReportingInterval', 'seconds', '86400', 'Ping period.'),
  row('NATPortRange', 'natPortRange', 'port-range', '', 'Source port range for outgoing NAT.'),
  row('NATOutgoingAddress', 'natOutgoingAddress', 'ipv4', '', 'Fixed SNAT source instead of masquerade.', {
    emit: 'filled',
  }),
  row(
    'NATOutgoingExclusions',
    'natOutgoingExclusions',
    'enum',
    'IPPoolsOnly',
    'IPPoolsOnly or IPPoolsAndHostIPs not masqueraded.',
    { words: ['IPPoolsAndHostIPs', 'IPPoolsOnly'], isExact: true },
  ),
  row('DeviceRouteSourceAddress', 'deviceRouteSourceAddress', 'ipv4', '', 'src hint on v4 routes.', { emit: 'filled' }),
  row('DeviceRouteSourceAddressIPv6', 'deviceRouteSourceAddressIPv6', 'ipv6', '', 'src hint on v6 routes.', {
    emit: 'filled',
  }),
  row('DeviceRouteProtocol', 'deviceRouteProtocol', 'integer', '3', 'Kernel proto number on programmed routes.'),
  row('RemoveExternalRoutes', 'removeExternalRoutes', 'boolean', 'true', 'Delete foreign routes on workload links.'),
  row('ProgramClusterRoutes', 'programClusterRoutes', 'enum', 'EnabledIPIPOnly', 'Which encapsulations Felix routes.', {
    words: ['Disabled', 'Enabled', 'EnabledIPIPOnly', 'EnabledNoEncapOnly'],
    isExact: true,
  }),
  row('IPForwarding', 'ipForwarding', 'enum', 'Enabled', 'Set forwarding sysctls.', {
    emit: 'filled',
    words: ['Disabled', 'Enabled'],
    isExact: true,
  }),
  row('ExternalNodesCIDRList', 'externalNodesList', 'cidrs', '', 'Non-Calico peers allowed to send tunnel traffic.', {
    isFatal: true,
  }),
  row('DebugMemoryProfilePath', 'debugMemoryProfilePath', 'path', '', 'Heap dump path on signal.', { emit: 'filled' }),
  row('DebugDisableLogDropping', 'debugDisableLogDropping', 'boolean', 'false', 'Block instead of dropping logs.'),
  row('DebugSimulateCalcGraphHangAfter', 'debugSimulateCalcGraphHangAfter', 'seconds', '0', 'Test only.'),
  row('DebugSimulateDataplaneHangAfter', 'debugSimulateDataplaneHangAfter', 'seconds', '0', 'Test only.'),
  row(
    'DebugSimulateDataplaneApplyDelay',
    'debugSimulateDataplaneApplyDelay',
    'seconds',
    '0',
    'Test only: slow applies.',
  ),
  row('DebugHost', 'debugHost', 'string', 'localhost', 'Debug server host.'),
  row('DebugPort', 'debugPort', 'integer', '', 'Enable debug/profiling HTTP server.', { minimum: 0, maximum: 65535 }),
  row(
    'IptablesNATOutgoingInterfaceFilter',
    'iptablesNATOutgoingInterfaceFilter',
    'interface',
    '',
    'Only masquerade out of this link.',
    { emit: 'filled' },
  ),
  row(
    'SidecarAccelerationEnabled',
    'sidecarAccelerationEnabled',
    'boolean',
    'false',
    'Experimental sockmap acceleration.',
  ),
  row('XDPEnabled', 'xdpEnabled', 'boolean', 'true', 'XDP for untracked deny (iptables mode).'),
  row('GenericXDPEnabled', 'genericXDPEnabled', 'boolean', 'false', 'Allow generic XDP (slow).'),
  row('NFTablesMode', 'nftablesMode', 'enum', 'Auto', 'Auto, Enabled, Disabled.', {
    words: ['Auto', 'Disabled', 'Enabled'],
    isExact: true,
  }),
  row(
    'NFTablesFlowTableOffload',
    'nftablesFlowTableOffload',
    'enum',
    'Disabled',
    'Disabled or All: software flow offload.',
    { words: ['All', 'Disabled'], isExact: true },
  ),
  row(
    'NFTablesFlowTableDataIfacePattern',
    'nftablesFlowTableDataIfacePattern',
    'regex',
    '',
    'Host links joined to the flowtable.',
    { emit: 'filled' },
  ),
  row('NftablesRefreshInterval', 'nftablesRefreshInterval', 'seconds', '180', 'nft re-read period.'),
  row('NftablesFilterAllowAction', 'nftablesFilterAllowAction', 'enum', 'ACCEPT', 'ACCEPT or RETURN.', {
    emit: 'filled',
    words: ['Accept', 'Return'],
    isFatal: true,
  }),
  row('NftablesMangleAllowAction', 'nftablesMangleAllowAction', 'enum', 'ACCEPT', 'ACCEPT or RETURN.', {
    emit: 'filled',
    words: ['Accept', 'Return'],
    isFatal: true,
  }),
  row('NftablesFilterDenyAction', 'nftablesFilterDenyAction', 'enum', 'DROP', 'DROP or REJECT.', {
    emit: 'filled',
    words: ['Drop', 'Reject'],
    isFatal: true,
  }),
  row('NftablesMarkMask', 'nftablesMarkMask', 'mask', '0xffff0000', 'Mark bits in nft mode.', { isFatal: true }),
  row('BPFEnabled', 'bpfEnabled', 'boolean', 'false', 'Use eBPF dataplane.'),
  row('BPFOverlayHostSourceIP', 'bpfOverlayHostSourceIP', 'enum', 'TunnelAddress', 'Host source on overlays.', {
    words: ['HostAddress', 'TunnelAddress'],
    isExact: true,
  }),
  row('BPFDisableUnprivileged', 'bpfDisableUnprivileged', 'boolean', 'true', 'Block unprivileged bpf().'),
  row('BPFJITHardening', 'bpfJITHardening', 'enum', 'Auto', 'Auto lowers hardening 2→1.', {
    words: ['Auto', 'Strict'],
    isExact: true,
  }),
  row('BPFLogLevel', 'bpfLogLevel', 'enum', 'off', 'Program log level.', {
    emit: 'always',
    words: ['Debug', 'Info', 'Off'],
  }),
  row('BPFConntrackLogLevel', 'bpfConntrackLogLevel', 'enum', 'off', 'Cleaner logging.', {
    emit: 'filled',
    words: ['Debug', 'Off'],
    isExact: true,
  }),
  row('BPFConntrackCleanupMode', 'bpfConntrackMode', 'enum', 'Auto', 'Who cleans conntrack.', {
    words: ['Auto', 'BPFProgram', 'Userspace'],
    isExact: true,
  }),
  row(
    'BPFConntrackTimeouts',
    'bpfConntrackTimeouts',
    'conntrack-timeouts',
    'CreationGracePeriod=10s,TCPSynSent=20s,TCPEstablished=1h,TCPFinsSeen=Auto,TCPResetSeen=40s,UDPTimeout=60s,GenericTimeout=10m,ICMPTimeout=5s',
    'Per-state timeouts.',
  ),
  row('BPFIPFragTimeout', 'bpfIPFragTimeout', 'seconds', '0', 'Fragment timeout; 0 kernel value.'),
  row('BPFLogFilters', 'bpfLogFilters', 'map', '', 'pcap filters per link.'),
  row('BPFCTLBLogFilter', 'bpfCTLBLogFilter', 'enum', '', 'CTLB debug logging.', { emit: 'filled', words: ['all'] }),
  row(
    'BPFDataIfacePattern',
    'bpfDataIfacePattern',
    'regex',
    '^((en|wl|ww|sl|ib)[Popsx].*|(eth|wlan|wwan|bond).*)',
    'Host links to attach.',
    { emit: 'filled' },
  ),
  row('BPFL3IfacePattern', 'bpfL3IfacePattern', 'regex', '', 'Extra L3 devices.', { emit: 'filled' }),
  row(
    'BPFConnectTimeLoadBalancingEnabled',
    'bpfConnectTimeLoadBalancingEnabled',
    'optional-boolean',
    '',
    'Older switch for the same.',
  ),
  row('BPFConnectTimeLoadBalancing', 'bpfConnectTimeLoadBalancing', 'enum', 'TCP', 'Connect-time LB.', {
    words: ['Disabled', 'Enabled', 'TCP'],
    isExact: true,
  }),
  row(
    'BPFHostNetworkedNATWithoutCTLB',
    'bpfHostNetworkedNATWithoutCTLB',
    'enum',
    'Enabled',
    'NAT host traffic without CTLB.',
    { words: ['Disabled', 'Enabled'], isExact: true },
  ),
  row('BPFExternalServiceMode', 'bpfExternalServiceMode', 'enum', 'tunnel', 'Tunnel or DSR.', {
    emit: 'filled',
    words: ['DSR', 'Tunnel'],
  }),
  row('BPFDSROptoutCIDRs', 'bpfDSROptoutCIDRs', 'cidrs', '', 'Clients excluded from DSR.'),
  row('BPFExtToServiceConnmark', 'bpfExtToServiceConnmark', 'integer', '0', 'Mark on external service flows.', {
    minimum: 0,
    maximum: 4294967295,
  }),
  row(
    'BPFKubeProxyIptablesCleanupEnabled',
    'bpfKubeProxyIptablesCleanupEnabled',
    'boolean',
    'true',
    'Remove kube-proxy chains.',
  ),
  row('BPFKubeProxyMinSyncPeriod', 'bpfKubeProxyMinSyncPeriod', 'seconds', '1', 'Service sync pacing.'),
  row('BPFKubeProxyHealthzPort', 'bpfKubeProxyHealthzPort', 'integer', '10256', 'Embedded proxy health port.', {
    minimum: 0,
    maximum: 65535,
  }),
  row('BPFPSNATPorts', 'bpfPSNATPorts', 'port-range', '20000:29999', 'Port-collision SNAT range.'),
  row('BPFMapSizeNATFrontend', 'bpfMapSizeNATFrontend', 'integer', '65536', 'Map size.'),
  row('BPFMapSizeNATBackend', 'bpfMapSizeNATBackend', 'integer', '262144', 'Map size.'),
  row('BPFMapSizeNATAffinity', 'bpfMapSizeNATAffinity', 'integer', '65536', 'Map size.'),
  row('BPFMapSizeRoute', 'bpfMapSizeRoute', 'integer', '262144', 'Map size.'),
  row('BPFMapSizeConntrack', 'bpfMapSizeConntrack', 'integer', '512000', 'Map size.'),
  row('BPFMapSizePerCPUConntrack', 'bpfMapSizePerCpuConntrack', 'integer', '0', 'Per-CPU sizing.'),
  row('BPFMapSizeConntrackScaling', 'bpfMapSizeConntrackScaling', 'enum', 'DoubleIfFull', 'Auto-grow conntrack.', {
    emit: 'filled',
    words: ['Disabled', 'DoubleIfFull'],
  }),
  row('BPFMapSizeConntrackCleanupQueue', 'bpfMapSizeConntrackCleanupQueue', 'integer', '100000', 'Map size.', {
    minimum: 1,
  }),
  row('BPFMapSizeIPSets', 'bpfMapSizeIPSets', 'integer', '1048576', 'Map size.'),
  row('BPFMapSizeIfState', 'bpfMapSizeIfState', 'integer', '1000', 'Map size.'),
  row('BPFHostConntrackBypass', 'bpfHostConntrackBypass', 'boolean', 'false', 'Skip Linux conntrack.'),
  row(
    'BPFIPFragmentReassemblyEnabled',
    'bpfIPFragmentReassemblyEnabled',
    'boolean',
    'true',
    'Out-of-order fragment program.',
  ),
  row('BPFEnforceRPF', 'bpfEnforceRPF', 'enum', 'Loose', 'RPF strictness on host links.', {
    emit: 'filled',
    words: ['Disabled', 'Loose', 'Strict'],
  }),
  row('BPFPolicyDebugEnabled', 'bpfPolicyDebugEnabled', 'boolean', 'true', 'Keep policy debug info.'),
  row(
    'BPFForceTrackPacketsFromIfaces',
    'bpfForceTrackPacketsFromIfaces',
    'list',
    'docker+',
    'Links kept in Linux conntrack.',
  ),
  row('BPFDisableGROForIfaces', 'bpfDisableGROForIfaces', 'regex', '', 'Turn GRO off here.', { emit: 'filled' }),
  row('BPFExcludeCIDRsFromNAT', 'bpfExcludeCIDRsFromNAT', 'cidrs', '', 'Service CIDRs left to host.'),
  row('BPFExportBufferSizeMB', 'bpfExportBufferSizeMB', 'integer', '1', 'Event buffer.'),
  row('IstioAmbientMode', 'istioAmbientMode', 'enum', 'Disabled', 'Istio ambient integration.', {
    words: ['Disabled', 'Enabled'],
    isExact: true,
  }),
  row('IstioDSCPMark', 'istioDSCPMark', 'dscp', '23', 'DSCP used towards ztunnel.'),
  row('CgroupV2Path', 'cgroupV2Path', 'string', '', 'cgroup2 mount override (BPF).', { emit: 'filled' }),
  row(
    'FlowLogsPolicyEvaluationMode',
    'flowLogsPolicyEvaluationMode',
    'enum',
    'Continuous',
    'Continuous or None re-evaluation.',
    { words: ['Continuous', 'None'], isExact: true },
  ),
  row('BPFRedirectToPeer', 'bpfRedirectToPeer', 'enum', 'Enabled', 'Direct redirect to peer.', {
    emit: 'filled',
    words: ['Disabled', 'Enabled'],
    isExact: true,
  }),
  row('BPFAttachType', 'bpfAttachType', 'enum', 'Netkit', 'Attach via netkit/TCX/TC.', {
    words: ['Netkit', 'TC', 'TCX'],
    isExact: true,
  }),
  row('FlowLogsFlushInterval', 'flowLogsFlushInterval', 'seconds', '300', 'Flow export period.'),
  row('FlowLogsCollectorDebugTrace', 'flowLogsCollectorDebugTrace', 'boolean', 'false', 'Verbose collector logs.'),
  row(
    'FlowLogsGoldmaneServer',
    'flowLogsGoldmaneServer',
    'string',
    '',
    'Flow aggregator endpoint; set = flow logs on.',
  ),
  row('FlowLogsLocalReporter', 'flowLogsLocalReporter', 'enum', 'Disabled', 'Local unix-socket flow reporting.', {
    words: ['Disabled', 'Enabled'],
    isExact: true,
  }),
  row('BPFProfiling', 'bpfProfiling', 'enum', 'Disabled', 'Program profiling.', {
    emit: 'filled',
    words: ['Disabled', 'Enabled'],
    isExact: true,
  }),
  row('RouteSource', 'routeSource', 'enum', 'CalicoIPAM', 'CalicoIPAM or WorkloadIPs.', {
    emit: 'filled',
    words: ['CalicoIPAM', 'WorkloadIPs'],
  }),
  row('RouteTableRanges', 'routeTableRanges', 'table-ranges', '', 'Table indices Felix may use; default 1-250.', {
    isFatal: true,
  }),
  row('RouteTableRange', 'routeTableRange', 'table-range', '', 'Deprecated single table range.', { isFatal: true }),
  row('RouteSyncDisabled', 'routeSyncDisabled', 'boolean', 'false', 'Never touch routes (policy only).'),
  row('IPv4NormalRoutePriority', 'ipv4NormalRoutePriority', 'integer', '1024', 'v4 route metric.', {
    minimum: 1,
    maximum: 2147483646,
  }),
  row('IPv4ElevatedRoutePriority', 'ipv4ElevatedRoutePriority', 'integer', '512', 'v4 metric during live migration.', {
    minimum: 1,
    maximum: 2147483646,
  }),
  row('IPv6NormalRoutePriority', 'ipv6NormalRoutePriority', 'integer', '1024', 'v6 route metric.', {
    minimum: 1,
    maximum: 2147483646,
  }),
  row('IPv6ElevatedRoutePriority', 'ipv6ElevatedRoutePriority', 'integer', '512', 'v6 metric during live migration.', {
    minimum: 1,
    maximum: 2147483646,
  }),
  row(
    'LiveMigrationRouteConvergenceTime',
    'liveMigrationRouteConvergenceTime',
    'seconds',
    '30',
    'How long elevated metric is held.',
  ),
  row('WireguardEnabled', 'wireguardEnabled', 'boolean', 'false', 'v4 WireGuard.'),
  row('WireguardEnabledV6', 'wireguardEnabledV6', 'boolean', 'false', 'v6 WireGuard.'),
  row('WireguardThreadingEnabled', 'wireguardThreadingEnabled', 'boolean', 'false', 'Threaded NAPI on the device.'),
  row('WireguardListeningPort', 'wireguardListeningPort', 'integer', '51820', 'v4 UDP port.', {
    minimum: 1,
    maximum: 65535,
  }),
  row('WireguardListeningPortV6', 'wireguardListeningPortV6', 'integer', '51821', 'v6 UDP port.', {
    minimum: 1,
    maximum: 65535,
  }),
  row('WireguardRoutingRulePriority', 'wireguardRoutingRulePriority', 'integer', '99', 'ip rule priority.', {
    minimum: 1,
    maximum: 32765,
  }),
  row('WireguardInterfaceName', 'wireguardInterfaceName', 'interface', 'wireguard.cali', 'v4 device.', {
    emit: 'filled',
  }),
  row('WireguardInterfaceNameV6', 'wireguardInterfaceNameV6', 'interface', 'wg-v6.cali', 'v6 device.', {
    emit: 'filled',
  }),
  row('WireguardMTU', 'wireguardMTU', 'integer', '0', 'v4 MTU; 0 auto.'),
  row('WireguardMTUV6', 'wireguardMTUV6', 'integer', '0', 'v6 MTU; 0 auto.'),
  row(
    'WireguardHostEncryptionEnabled',
    'wireguardHostEncryptionEnabled',
    'boolean',
    'false',
    'Encrypt host-to-host traffic too.',
  ),
  row('WireguardPersistentKeepAlive', 'wireguardKeepAlive', 'seconds', '0', 'Peer keepalive; 0 off.'),
  row('AWSSrcDstCheck', 'awsSrcDstCheck', 'enum', 'DoNothing', 'DoNothing/Enable/Disable EC2 check.', {
    words: ['Disable', 'DoNothing', 'Enable'],
    isExact: true,
  }),
  row(
    'ServiceLoopPrevention',
    'serviceLoopPrevention',
    'enum',
    'Drop',
    'Drop/Reject/Disabled for unused service IPs.',
    { emit: 'filled', words: ['Disabled', 'Drop', 'Reject'], isExact: true },
  ),
  row(
    'WorkloadSourceSpoofing',
    'workloadSourceSpoofing',
    'enum',
    'Disabled',
    'Any permits allowedSourcePrefixes annotation.',
    { emit: 'filled', words: ['Any', 'Disabled'], isExact: true },
  ),
  row(
    'MTUIfacePattern',
    'mtuIfacePattern',
    'regex',
    '^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)',
    'Links scanned for host MTU.',
    { emit: 'filled' },
  ),
  row('FloatingIPs', 'floatingIPs', 'enum', 'Disabled', 'Program floating-IP NAT.', {
    words: ['Disabled', 'Enabled'],
    isExact: true,
  }),
  row(
    'LocalSubnetL2Reachability',
    'localSubnetL2Reachability',
    'enum',
    'Disabled',
    'Disabled or PodsAndLoadBalancers ARP/NDP responder.',
    { words: ['Disabled', 'PodsAndLoadBalancers'], isExact: true },
  ),
  row(
    'LocalSubnetL2ReachabilityRefreshInterval',
    'localSubnetL2ReachabilityRefreshInterval',
    'seconds',
    '120',
    'Re-announce period; 0 off.',
  ),
  row('WindowsManageFirewallRules', 'windowsManageFirewallRules', 'enum', 'Disabled', 'Windows only.', {
    words: ['Disabled', 'Enabled'],
    isExact: true,
  }),
  row(
    'GoGCThreshold',
    'goGCThreshold',
    'integer',
    '40',
    'Garbage collection percentage of upstream’s runtime; no effect here.',
    {
      minimum: -1,
    },
  ),
  row(
    'GoMemoryLimitMB',
    'goMemoryLimitMB',
    'integer',
    '-1',
    'Soft memory limit of upstream’s runtime; no effect here.',
    { minimum: -1 },
  ),
  row('GoMaxProcs', 'goMaxProcs', 'integer', '-1', 'CPU limit of upstream’s runtime; no effect here.', { minimum: -1 }),
  row('RequireMTUFile', 'requireMTUFile', 'boolean', 'false', 'Not ready while the MTU file cannot be written.'),
  row('BPFMaglevMaxEndpointsPerService', 'bpfMaglevMaxEndpointsPerService', 'integer', '100', 'Maglev sizing.', {
    minimum: 1,
    maximum: 3000,
  }),
  row('BPFMaglevMaxServices', 'bpfMaglevMaxServices', 'integer', '100', 'Maglev sizing.', {
    minimum: 1,
    maximum: 3000,
  }),
  row('DatastoreType', undefined, 'enum', 'etcdv3', 'etcdv3 or kubernetes.', {
    words: ['etcdv3', 'kubernetes'],
    isFatal: true,
  }),
  row('EtcdAddr', undefined, 'host-port', '127.0.0.1:2379', 'Single etcd endpoint; EtcdEndpoints wins.'),
  row('EtcdCaFile', undefined, 'file', '', 'TLS CA for etcd; all three TLS files together.'),
  row('EtcdCertFile', undefined, 'file', '', 'TLS client certificate for etcd.'),
  row('EtcdEndpoints', undefined, 'list', '', 'Comma list of http(s)://host:port etcd endpoints.'),
  row('EtcdKeyFile', undefined, 'file', '', 'TLS client key for etcd.'),
  row('EtcdScheme', undefined, 'enum', 'http', 'http or https, used with EtcdAddr.', { words: ['http', 'https'] }),
  row('FelixHostname', undefined, 'string', '', 'Node name override; default lower-cased OS hostname.'),
  row('TyphaAddr', undefined, 'host-port', '', 'Fixed Typha address; overrides service lookup.'),
  row('TyphaCAFile', undefined, 'file', '', 'Typha TLS CA.'),
  row('TyphaCN', undefined, 'string', '', 'Expected Typha certificate common name.'),
  row('TyphaCertFile', undefined, 'file', '', 'Client certificate for Typha.'),
  row('TyphaK8sNamespace', undefined, 'string', 'kube-system', 'Namespace of Typha service.'),
  row('TyphaK8sServiceName', undefined, 'string', '', 'Typha service name to discover.'),
  row('TyphaKeyFile', undefined, 'file', '', 'Client key for Typha.'),
  row('TyphaReadTimeout', undefined, 'seconds', '30', 'Silent Typha longer than this → restart.'),
  row('TyphaURISAN', undefined, 'string', '', 'Expected Typha certificate URI SAN.'),
  row('TyphaWriteTimeout', undefined, 'seconds', '10', 'Write timeout towards Typha.'),
  // Not one of Calico's: its agents leave live flows alone.
  row(
    'LiveFlowReevaluation',
    undefined,
    'enum',
    'Enabled',
    'Live connections that a changed policy no longer allows are cut; Disabled leaves them until they end.',
    { words: ['Disabled', 'Enabled'] },
  ),
  row('DebugBPFCgroupV2', undefined, 'string', '', 'Test only.'),
  row('DebugCPUProfilePath', undefined, 'path', '/tmp/felix-cpu-<timestamp>.pprof', 'Test only: CPU profile.'),
  row('DebugPanicAfter', undefined, 'seconds', '0', 'Test only.'),
  row('DebugSimulateDataRace', undefined, 'boolean', 'false', 'Test only.'),
];
