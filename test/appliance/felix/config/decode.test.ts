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
  filterAllowAction: 'Accept',
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
  openstackRegion: '',
};

test('decodeConfig() of nothing is the defaults of the rows', (t) => {
  t.deepEqual(decode({}), { config: defaults, problems: [] });
});

type Row = readonly [parameter: string, text: string, field: keyof FelixConfig, value: unknown];

const readable: readonly Row[] = [
  ['InterfacePrefix', 'cali, tap', 'interfacePrefixes', ['cali', 'tap']],
  ['InterfaceExclude', 'kube-ipvs0,/^veth/', 'interfaceExclude', ['kube-ipvs0', '/^veth/']],
  ['InterfaceExclude', 'none', 'interfaceExclude', []],
  ['DefaultEndpointToHostAction', 'RETURN', 'defaultEndpointToHostAction', 'Return'],
  ['FailsafeInboundHostPorts', 'None', 'failsafeInbound', []],
  ['FailsafeOutboundHostPorts', '22', 'failsafeOutbound', [{ protocol: 6, port: 22 }]],
  ['NftablesMarkMask', '0xf0', 'markMask', 0xf0],
  ['NftablesFilterAllowAction', 'return', 'filterAllowAction', 'Return'],
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
  ['OpenstackRegion', 'north-1', 'openstackRegion', 'north-1'],
];

for (const [parameter, text, field, value] of readable) {
  test(`decodeConfig() reads ${parameter} ${JSON.stringify(text)}`, (t) => {
    t.deepEqual(decode({ [parameter]: text }), { config: { ...defaults, [field]: value }, problems: [] });
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
];

for (const [parameter, text] of refused) {
  test(`decodeConfig() replaces ${parameter} ${JSON.stringify(text)} by the default, and says so`, (t) => {
    const { config, problems } = decode({ [parameter]: text });
    t.deepEqual(config, defaults);
    t.deepEqual(problems, [`${parameter}: cannot use ${JSON.stringify(text)} (from environment); the default applies`]);
  });
}

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
  t.deepEqual(words('NftablesFilterAllowAction'), ['Accept', 'Return'] satisfies FelixConfig['filterAllowAction'][]);
  t.deepEqual(words('NftablesFilterDenyAction'), ['Drop', 'Reject'] satisfies FelixConfig['filterDenyAction'][]);
  t.deepEqual(words('NATOutgoingExclusions'), [
    'IPPoolsAndHostIPs',
    'IPPoolsOnly',
  ] satisfies FelixConfig['natOutgoingExclusions'][]);
});
