/** Every parameter in use: its default, a value, `none`, and what is refused. */
import test from 'ava';
import { decodeConfig } from '#appliance/felix/config/decode.ts';
import type { FelixConfig } from '#appliance/felix/model/config.ts';
import { felixParameters } from '#appliance/resources/kinds/felix-parameters.ts';

const decode = (values: Record<string, string>) =>
  decodeConfig(
    new Map(Object.entries(values).map(([name, text]) => [name.toLowerCase(), { text, layer: 'environment' }])),
  );

const defaultFailsafes = [179, 2379, 2380, 5473, 6443, 6666, 6667].map((port) => ({ protocol: 6, port }));

const defaults: FelixConfig = {
  interfacePrefixes: ['cali'],
  interfaceExclude: ['kube-ipvs0'],
  defaultEndpointToHostAction: 'Drop',
  failsafeInbound: [{ protocol: 6, port: 22 }, { protocol: 17, port: 68 }, ...defaultFailsafes],
  failsafeOutbound: [{ protocol: 17, port: 53 }, { protocol: 17, port: 67 }, ...defaultFailsafes],
  markMask: 0xffff0000,
  filterDenyAction: 'Drop',
  isConntrackInvalidCheckDisabled: false,
  logPrefix: 'calico-packet',
  logActionRateLimit: '',
  logActionRateLimitBurst: 5,
  areVxlanPacketsFromWorkloadsAllowed: false,
  areIpipPacketsFromWorkloadsAllowed: false,
  vxlanPort: 4789,
  natOutgoingExclusions: 'IPPoolsOnly',
  isIpv6Supported: true,
  isIpForwardingEnabled: true,
  deviceRouteProtocol: 3,
  ipv4RoutePriority: 1024,
  ipv6RoutePriority: 1024,
  areExternalRoutesRemoved: true,
  isRouteSyncDisabled: false,
  isLocalSubnetReachable: false,
  localSubnetRefreshMs: 120_000,
  isSourceSpoofingAllowed: false,
  isEndpointReportingEnabled: false,
  endpointReportingDelayMs: 1000,
  reportingIntervalMs: 30_000,
  reportingTtlMs: 90_000,
  routeRefreshIntervalMs: 90_000,
  nftablesRefreshIntervalMs: 180_000,
  interfaceRefreshIntervalMs: 90_000,
  isHealthEnabled: false,
  healthHost: 'localhost',
  healthPort: 9099,
  logSeverityScreen: 'Info',
  areLiveFlowsReevaluated: true,
  openstackRegion: '',
  nftablesMode: 'Auto',
  iptablesBackend: 'Auto',
  chainInsertMode: 'Insert',
  iptablesFilterAllowAction: 'Accept',
  iptablesFilterDenyAction: 'Drop',
  iptablesMangleAllowAction: 'Accept',
  iptablesMarkMask: 0xffff0000,
  iptablesRefreshIntervalMs: 180_000,
  iptablesPostWriteCheckIntervalMs: 5000,
  ipsetsRefreshIntervalMs: 90_000,
  ipsetSizeMax: 1_048_576,
  vxlanMtu: 0,
  vxlanMtuV6: 0,
  vxlanVni: 4096,
  ipipMtu: 0,
  isWireguardEnabled: false,
  isWireguardEnabledV6: false,
  isWireguardHostEncryptionEnabled: false,
  wireguardInterface: 'wireguard.cali',
  wireguardInterfaceV6: 'wg-v6.cali',
  wireguardPort: 51820,
  wireguardPortV6: 51821,
  wireguardMtu: 0,
  wireguardMtuV6: 0,
  wireguardKeepAliveMs: 0,
  wireguardRulePriority: 99,
  programClusterRoutes: 'EnabledIPIPOnly',
  routeSource: 'CalicoIPAM',
  routeTableRanges: [{ first: 1, last: 250 }],
  externalNodeCidrs: [],
  isMtuFileRequired: false,
  mtuInterfacePattern: '^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)',
  areFloatingIpsEnabled: false,
  serviceLoopPrevention: 'Drop',
  endpointStatusPath: '/var/run/calico',
  healthTimeoutsMs: {},
  dataplaneWatchdogTimeoutMs: 90_000,
  isPrometheusEnabled: false,
  prometheusHost: '',
  prometheusPort: 9091,
  prometheusCertFile: '',
  prometheusKeyFile: '',
  prometheusCaFile: '',
  prometheusClientAuth: 'NoClientCert',
  areRuntimeMetricsEnabled: true,
  areProcessMetricsEnabled: true,
  areWireguardMetricsEnabled: true,
  simulateGraphHangMs: 0,
  simulateDataplaneHangMs: 0,
  simulatePassDelayMs: 0,
};

test('decodeConfig() of nothing is the defaults of the rows', (t) => {
  t.deepEqual(decode({}), { config: defaults, problems: [] });
});

type Row = readonly [parameter: string, text: string, field: keyof FelixConfig, value: unknown];

const readable: readonly Row[] = [
  ['InterfacePrefix', 'cali, veth', 'interfacePrefixes', ['cali', 'veth']],
  ['InterfaceExclude', 'kube-ipvs0,/^veth/', 'interfaceExclude', ['kube-ipvs0', '/^veth/']],
  ['InterfaceExclude', 'none', 'interfaceExclude', []],
  ['DefaultEndpointToHostAction', 'RETURN', 'defaultEndpointToHostAction', 'Return'],
  ['FailsafeInboundHostPorts', 'None', 'failsafeInbound', []],
  ['FailsafeOutboundHostPorts', '22', 'failsafeOutbound', [{ protocol: 6, port: 22 }]],
  ['NftablesMarkMask', '0xf0', 'markMask', 0xf0],
  ['NftablesFilterDenyAction', 'Reject', 'filterDenyAction', 'Reject'],
  ['DisableConntrackInvalidCheck', 'yes', 'isConntrackInvalidCheckDisabled', true],
  ['LogPrefix', '%t %k', 'logPrefix', '%t %k'],
  ['LogPrefix', 'none', 'logPrefix', ''],
  ['LogActionRateLimit', '10/second', 'logActionRateLimit', '10/second'],
  ['LogActionRateLimitBurst', '9999', 'logActionRateLimitBurst', 9999],
  ['AllowVXLANPacketsFromWorkloads', '1', 'areVxlanPacketsFromWorkloadsAllowed', true],
  ['AllowIPIPPacketsFromWorkloads', 't', 'areIpipPacketsFromWorkloadsAllowed', true],
  ['VXLANPort', '8472', 'vxlanPort', 8472],
  ['NATOutgoingAddress', '10.0.0.1', 'natOutgoingAddress', '10.0.0.1'],
  ['NATOutgoingExclusions', 'ippoolsandhostips', 'natOutgoingExclusions', 'IPPoolsAndHostIPs'],
  ['NATPortRange', '1000:2000', 'natPortRange', { first: 1000, last: 2000 }],
  ['IptablesNATOutgoingInterfaceFilter', 'eth+', 'natOutgoingInterface', 'eth+'],
  ['Ipv6Support', 'F', 'isIpv6Supported', false],
  ['Ipv6Support', 'none', 'isIpv6Supported', false],
  ['IPForwarding', 'disabled', 'isIpForwardingEnabled', false],
  ['DeviceRouteProtocol', '80', 'deviceRouteProtocol', 80],
  ['IPv4NormalRoutePriority', '7', 'ipv4RoutePriority', 7],
  ['IPv6NormalRoutePriority', '8', 'ipv6RoutePriority', 8],
  ['DeviceRouteSourceAddress', '10.0.0.2', 'deviceRouteSourceAddress', '10.0.0.2'],
  ['DeviceRouteSourceAddressIPv6', 'fd00::2', 'deviceRouteSourceAddressV6', 'fd00::2'],
  ['RemoveExternalRoutes', 'no', 'areExternalRoutesRemoved', false],
  ['RouteSyncDisabled', 'true', 'isRouteSyncDisabled', true],
  ['LocalSubnetL2Reachability', 'PodsAndLoadBalancers', 'isLocalSubnetReachable', true],
  ['LocalSubnetL2ReachabilityRefreshInterval', '30', 'localSubnetRefreshMs', 30_000],
  ['WorkloadSourceSpoofing', 'any', 'isSourceSpoofingAllowed', true],
  ['EndpointReportingEnabled', 'true', 'isEndpointReportingEnabled', true],
  ['EndpointReportingDelaySecs', '0.25', 'endpointReportingDelayMs', 250],
  ['ReportingIntervalSecs', '0', 'reportingIntervalMs', 0],
  ['ReportingTTLSecs', '1e1', 'reportingTtlMs', 10_000],
  ['RouteRefreshInterval', 'none', 'routeRefreshIntervalMs', 0],
  ['NftablesRefreshInterval', '1e12', 'nftablesRefreshIntervalMs', 2 ** 31 - 1],
  ['InterfaceRefreshInterval', '1', 'interfaceRefreshIntervalMs', 1000],
  ['HealthEnabled', 'true', 'isHealthEnabled', true],
  ['HealthHost', '::1', 'healthHost', '::1'],
  ['HealthPort', '1', 'healthPort', 1],
  ['LogSeverityScreen', 'DEBUG', 'logSeverityScreen', 'Debug'],
  ['LogSeverityScreen', 'none', 'logSeverityScreen', ''],
  ['LiveFlowReevaluation', 'disabled', 'areLiveFlowsReevaluated', false],
  ['OpenstackRegion', 'north-1', 'openstackRegion', 'north-1'],
  ['NFTablesMode', 'enabled', 'nftablesMode', 'Enabled'],
  ['IptablesBackend', 'nft', 'iptablesBackend', 'NFT'],
  ['ChainInsertMode', 'append', 'chainInsertMode', 'Append'],
  ['IptablesFilterAllowAction', 'RETURN', 'iptablesFilterAllowAction', 'Return'],
  ['IptablesFilterDenyAction', 'REJECT', 'iptablesFilterDenyAction', 'Reject'],
  ['IptablesMangleAllowAction', 'RETURN', 'iptablesMangleAllowAction', 'Return'],
  ['IptablesMarkMask', '65280', 'iptablesMarkMask', 0xff00],
  ['IptablesRefreshInterval', '60', 'iptablesRefreshIntervalMs', 60_000],
  ['IptablesPostWriteCheckIntervalSecs', '2.5', 'iptablesPostWriteCheckIntervalMs', 2500],
  ['IpsetsRefreshInterval', 'none', 'ipsetsRefreshIntervalMs', 0],
  ['MaxIpsetSize', '65536', 'ipsetSizeMax', 65_536],
  ['VXLANEnabled', 'false', 'isVxlanEnabled', false],
  ['VXLANMTU', '1410', 'vxlanMtu', 1410],
  ['VXLANMTUV6', '1390', 'vxlanMtuV6', 1390],
  ['VXLANVNI', '16777215', 'vxlanVni', 0xffffff],
  ['IpInIpEnabled', 'yes', 'isIpipEnabled', true],
  ['IpInIpMtu', '1480', 'ipipMtu', 1480],
  ['WireguardEnabled', 'true', 'isWireguardEnabled', true],
  ['WireguardEnabledV6', 'true', 'isWireguardEnabledV6', true],
  ['WireguardHostEncryptionEnabled', 'true', 'isWireguardHostEncryptionEnabled', true],
  ['WireguardInterfaceName', 'wg0', 'wireguardInterface', 'wg0'],
  ['WireguardInterfaceNameV6', 'wg6', 'wireguardInterfaceV6', 'wg6'],
  ['WireguardListeningPort', '1', 'wireguardPort', 1],
  ['WireguardListeningPortV6', '2', 'wireguardPortV6', 2],
  ['WireguardMTU', '1420', 'wireguardMtu', 1420],
  ['WireguardMTUV6', '1400', 'wireguardMtuV6', 1400],
  ['WireguardPersistentKeepAlive', '25', 'wireguardKeepAliveMs', 25_000],
  ['WireguardRoutingRulePriority', '100', 'wireguardRulePriority', 100],
  ['ProgramClusterRoutes', 'enabled', 'programClusterRoutes', 'Enabled'],
  ['RouteSource', 'workloadips', 'routeSource', 'WorkloadIPs'],
  ['RouteTableRanges', '1-10, 300-400', 'routeTableRanges', [{ first: 1, last: 10 }, { first: 300, last: 400 }]], // biome-ignore format: one row a line
  ['RouteTableRange', '5-9', 'routeTableRanges', [{ first: 5, last: 9 }]],
  ['ExternalNodesCIDRList', '10.0.0.9/8, fd00::1', 'externalNodeCidrs', ['10.0.0.0/8', 'fd00::1/128']],
  ['MTUIfacePattern', '^bond', 'mtuInterfacePattern', '^bond'],
  ['RequireMTUFile', 'true', 'isMtuFileRequired', true],
  ['FloatingIPs', 'Enabled', 'areFloatingIpsEnabled', true],
  ['ServiceLoopPrevention', 'reject', 'serviceLoopPrevention', 'Reject'],
  ['MetadataAddr', '10.0.0.9', 'metadata', { address: '10.0.0.9', port: 8775 }],
  ['MetadataPort', '80', 'metadata', { address: '127.0.0.1', port: 80 }],
  ['EndpointStatusPathPrefix', 'none', 'endpointStatusPath', ''],
  ['HealthTimeoutOverrides', 'A=1m30s, B=250ms', 'healthTimeoutsMs', { A: 90_000, B: 250 }],
  ['DataplaneWatchdogTimeout', '20', 'dataplaneWatchdogTimeoutMs', 20_000],
  ['PrometheusMetricsEnabled', 'true', 'isPrometheusEnabled', true],
  ['PrometheusMetricsHost', '::1', 'prometheusHost', '::1'],
  ['PrometheusMetricsPort', '9999', 'prometheusPort', 9999],
  ['PrometheusMetricsCertFile', '/etc/a.crt', 'prometheusCertFile', '/etc/a.crt'],
  ['PrometheusMetricsKeyFile', '/etc/a.key', 'prometheusKeyFile', '/etc/a.key'],
  ['PrometheusMetricsCAFile', '/etc/ca.crt', 'prometheusCaFile', '/etc/ca.crt'],
  ['PrometheusMetricsClientAuth', 'requireanyclientcert', 'prometheusClientAuth', 'RequireAnyClientCert'],
  ['PrometheusGoMetricsEnabled', 'false', 'areRuntimeMetricsEnabled', false],
  ['PrometheusProcessMetricsEnabled', 'false', 'areProcessMetricsEnabled', false],
  ['PrometheusWireGuardMetricsEnabled', 'false', 'areWireguardMetricsEnabled', false],
  ['DebugSimulateCalcGraphHangAfter', '1', 'simulateGraphHangMs', 1000],
  ['DebugSimulateDataplaneHangAfter', '2', 'simulateDataplaneHangMs', 2000],
  ['DebugSimulateDataplaneApplyDelay', '3', 'simulatePassDelayMs', 3000],
];

for (const [parameter, text, field, value] of readable) {
  test(`decodeConfig() reads ${parameter} ${JSON.stringify(text)}`, (t) => {
    const { [field]: _, ...others } = defaults;
    const config = value === undefined ? others : { ...others, [field]: value };
    t.deepEqual(decode({ [parameter]: text }), { config: config as FelixConfig, problems: [] });
  });
}

test('decodeConfig() has a readable case for every field', (t) => {
  const fields = new Set(readable.map(([, , field]) => field));
  t.deepEqual(
    Object.keys(defaults).filter((field) => !fields.has(field as keyof FelixConfig)),
    [],
  );
});

const refused: readonly (readonly [string, string])[] = [
  ['InterfacePrefix', 'none'],
  ['InterfacePrefix', 'cali,'],
  ['InterfacePrefix', 'an-interface-name-that-is-too-long'],
  ['DefaultEndpointToHostAction', 'none'],
  ['DefaultEndpointToHostAction', 'Deny'],
  ['FailsafeInboundHostPorts', 'tcp:22,tcp:x'],
  ['FailsafeInboundHostPorts', 'icmp:1'],
  ['FailsafeInboundHostPorts', 'tcp:0'],
  ['FailsafeInboundHostPorts', 'tcp:10.0.0.0/33:22'],
  ['NftablesMarkMask', '0x3'],
  ['NftablesMarkMask', '0x1ffff0000'],
  ['NftablesMarkMask', 'none'],
  ['Ipv6Support', 'maybe'],
  ['LogPrefix', 'x"; flush ruleset'],
  ['LogActionRateLimit', '10/fortnight'],
  ['LogActionRateLimitBurst', '10000'],
  ['VXLANPort', '65536'],
  ['VXLANPort', '4789.5'],
  ['VXLANPort', 'none'],
  ['NATOutgoingAddress', 'fd00::1'],
  ['NATPortRange', '2000:1000'],
  ['DeviceRouteProtocol', '256'],
  ['IPv4NormalRoutePriority', '0'],
  ['ReportingIntervalSecs', '-1'],
  ['ReportingIntervalSecs', '30s'],
  ['LogSeverityScreen', 'loud'],
  ['OpenstackRegion', 'a/b'],
  ['IptablesMarkMask', '0x1'],
  ['MaxIpsetSize', '0'],
  ['VXLANEnabled', 'perhaps'],
  ['VXLANMTU', '-1'],
  ['VXLANVNI', '16777216'],
  ['WireguardInterfaceName', 'none'],
  ['WireguardInterfaceName', 'a/b'],
  ['WireguardListeningPort', '0'],
  ['WireguardRoutingRulePriority', '32766'],
  ['RouteTableRange', '1-251'],
  ['RouteTableRange', '9-5'],
  ['RouteTableRanges', '250-260'],
  ['RouteTableRanges', '1-10,x'],
  ['RouteTableRanges', '1000-70000'],
  ['RouteTableRanges', '0-10'],
  ['ExternalNodesCIDRList', '10.0.0.0/8,x'],
  ['MTUIfacePattern', '('],
  ['EndpointStatusPathPrefix', 'relative'],
  ['EndpointStatusPathPrefix', '/var/run/../../etc'],
  ['HealthTimeoutOverrides', 'A=10'],
  ['HealthTimeoutOverrides', 'A=-10s'],
  ['HealthTimeoutOverrides', 'A'],
  ['PrometheusMetricsHost', 'a b'],
  ['PrometheusMetricsPort', '0'],
];

for (const [parameter, text] of refused) {
  test(`decodeConfig() replaces ${parameter} ${JSON.stringify(text)} by the default, and says so`, (t) => {
    const { config, problems } = decode({ [parameter]: text });
    t.deepEqual(config, defaults);
    t.deepEqual(problems, [`${parameter}: cannot use ${JSON.stringify(text)} (from environment); the default applies`]);
  });
}

test('metadata is led somewhere when it is elsewhere than by default, or when links are named as OpenStack names them', (t) => {
  const of = (values: Record<string, string>) => decode(values).config.metadata;
  t.is(of({}), undefined);
  t.deepEqual(of({ InterfacePrefix: 'tap' }), { address: '127.0.0.1', port: 8775 });
  t.is(of({ InterfacePrefix: 'tap', MetadataAddr: 'none' }), undefined);
  t.is(of({ InterfacePrefix: 'tap', MetadataPort: '0' }), undefined);
  t.deepEqual(decode({ MetadataAddr: 'metadata.example' }), {
    config: defaults,
    problems: ['MetadataAddr: cannot use "metadata.example" (from environment); the default applies'],
  });
});

test('decodeConfig() names parameters that do not exist', (t) => {
  t.deepEqual(decode({ InterfacePrefx: 'tap', EtcdEndpoints: 'http://a:1' }), {
    config: defaults,
    problems: ['interfaceprefx: no such parameter (from environment); it is ignored'],
  });
});

test('decodeConfig() knows the words of the rows and no others', (t) => {
  const words = (name: string) => felixParameters.find((row) => row.name === name)?.words;
  t.deepEqual(words('DefaultEndpointToHostAction'), [
    'Accept',
    'Drop',
    'Return',
  ] satisfies FelixConfig['defaultEndpointToHostAction'][]);
  t.deepEqual(words('NftablesFilterDenyAction'), ['Drop', 'Reject'] satisfies FelixConfig['filterDenyAction'][]);
  t.deepEqual(words('NATOutgoingExclusions'), [
    'IPPoolsAndHostIPs',
    'IPPoolsOnly',
  ] satisfies FelixConfig['natOutgoingExclusions'][]);
  t.deepEqual(words('NFTablesMode'), ['Auto', 'Disabled', 'Enabled'] satisfies FelixConfig['nftablesMode'][]);
  t.deepEqual(words('IptablesBackend'), ['Auto', 'Legacy', 'NFT'] satisfies FelixConfig['iptablesBackend'][]);
  t.deepEqual(words('ChainInsertMode'), ['Append', 'Insert'] satisfies FelixConfig['chainInsertMode'][]);
  t.deepEqual(words('IptablesFilterDenyAction'), ['Drop', 'Reject'] satisfies FelixConfig['filterDenyAction'][]);
  t.deepEqual(words('RouteSource'), ['CalicoIPAM', 'WorkloadIPs'] satisfies FelixConfig['routeSource'][]);
  t.deepEqual(words('ProgramClusterRoutes'), [
    'Disabled',
    'Enabled',
    'EnabledIPIPOnly',
    'EnabledNoEncapOnly',
  ] satisfies FelixConfig['programClusterRoutes'][]);
  t.deepEqual(words('ServiceLoopPrevention'), [
    'Disabled',
    'Drop',
    'Reject',
  ] satisfies FelixConfig['serviceLoopPrevention'][]);
  t.deepEqual(words('PrometheusMetricsClientAuth'), [
    'NoClientCert',
    'RequireAndVerifyClientCert',
    'RequireAnyClientCert',
    'VerifyClientCertIfGiven',
  ] satisfies FelixConfig['prometheusClientAuth'][]);
});

test('decodeConfig() prefers RouteTableRanges to the older RouteTableRange', (t) => {
  const { config } = decode({ RouteTableRanges: '20-30', RouteTableRange: '1-5' });
  t.deepEqual(config.routeTableRanges, [{ first: 20, last: 30 }]);
});
