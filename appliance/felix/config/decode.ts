/**
 * Decodes raw parameter texts into the configuration the brains read. A value that cannot be read is replaced by its default and reported. Pure.
 * Source: Felix configuration parameters (names, defaults, text forms).
 */
import { masked, parseAddress, parsePrefix, printPrefix } from '../../lib/ip/address.ts';
import type { FailsafePort, FelixConfig } from '../model/config.ts';
import type { ResolvedValue } from './layers.ts';

/** Reads a text; undefined means it cannot be read. */
type Reader<T> = (text: string) => T | undefined;

const defaultFailsafes = 'tcp:179,tcp:2379,tcp:2380,tcp:5473,tcp:6443,tcp:6666,tcp:6667';

export function decodeConfig(values: ReadonlyMap<string, ResolvedValue>): { config: FelixConfig; problems: string[] } {
  const problems: string[] = [];
  const optional = <T>(name: string, read: Reader<T>): T | undefined => {
    const value = values.get(name.toLowerCase());
    if (value === undefined || value.text.toLowerCase() === 'none') return undefined;
    const decoded = read(value.text);
    if (decoded === undefined)
      problems.push(`${name}: cannot read ${JSON.stringify(value.text)} (from ${value.layer}); the default applies`);
    return decoded;
  };
  const get = <T>(name: string, read: Reader<T>, fallback: T, none?: T): T => {
    const isNone = values.get(name.toLowerCase())?.text.toLowerCase() === 'none';
    return isNone && none !== undefined ? none : (optional(name, read) ?? fallback);
  };
  const seconds = (name: string, fallback: number) => get(name, number(0), fallback, 0) * 1000;
  const given = <K extends string, T>(key: K, value: T | undefined) =>
    (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };

  const config: FelixConfig = {
    interfacePrefixes: get('InterfacePrefix', list(/^[a-zA-Z0-9:._+-]{1,15}$/), ['cali']),
    interfaceExclude: get('InterfaceExclude', list(/^.+$/), ['kube-ipvs0'], []),
    defaultEndpointToHostAction: get('DefaultEndpointToHostAction', choice('Drop', 'Return', 'Accept'), 'Drop'),
    failsafeInbound: get('FailsafeInboundHostPorts', failsafes, failsafes(`tcp:22,udp:68,${defaultFailsafes}`)!, []),
    failsafeOutbound: get('FailsafeOutboundHostPorts', failsafes, failsafes(`udp:53,udp:67,${defaultFailsafes}`)!, []),
    markMask: get('NftablesMarkMask', markMask, 0xffff0000),
    filterAllowAction: get('NftablesFilterAllowAction', choice('Accept', 'Return'), 'Accept'),
    filterDenyAction: get('NftablesFilterDenyAction', choice('Drop', 'Reject'), 'Drop'),
    isConntrackInvalidCheckDisabled: get('DisableConntrackInvalidCheck', boolean, false),
    logPrefix: get('LogPrefix', (text) => text, 'calico-packet', ''),
    logActionRateLimit: get('LogActionRateLimit', matching(/^\d+\/(second|minute|hour|day)$/), ''),
    logActionRateLimitBurst: get('LogActionRateLimitBurst', number(0, 9999), 5),
    areVxlanPacketsFromWorkloadsAllowed: get('AllowVXLANPacketsFromWorkloads', boolean, false),
    areIpipPacketsFromWorkloadsAllowed: get('AllowIPIPPacketsFromWorkloads', boolean, false),
    vxlanPort: get('VXLANPort', number(1, 65535), 4789),
    ...given('natOutgoingAddress', optional('NATOutgoingAddress', address(4))),
    natOutgoingExclusions: get('NATOutgoingExclusions', choice('IPPoolsOnly', 'IPPoolsAndHostIPs'), 'IPPoolsOnly'),
    ...given('natPortRange', optional('NATPortRange', portRange)),
    ...given(
      'natOutgoingInterface',
      optional('IptablesNATOutgoingInterfaceFilter', matching(/^[a-zA-Z0-9:._+-]{1,15}$/)),
    ),
    isIpv6Supported: get('Ipv6Support', boolean, true),
    isIpForwardingEnabled: get('IPForwarding', choice('Enabled', 'Disabled'), 'Enabled') === 'Enabled',
    deviceRouteProtocol: get('DeviceRouteProtocol', number(0, 255), 3),
    ipv4RoutePriority: get('IPv4NormalRoutePriority', number(1, 2147483646), 1024),
    ipv6RoutePriority: get('IPv6NormalRoutePriority', number(1, 2147483646), 1024),
    ...given('deviceRouteSourceAddress', optional('DeviceRouteSourceAddress', address(4))),
    ...given('deviceRouteSourceAddressV6', optional('DeviceRouteSourceAddressIPv6', address(6))),
    areExternalRoutesRemoved: get('RemoveExternalRoutes', boolean, true),
    isRouteSyncDisabled: get('RouteSyncDisabled', boolean, false),
    isSourceSpoofingAllowed: get('WorkloadSourceSpoofing', choice('Disabled', 'Any'), 'Disabled') === 'Any',
    isEndpointReportingEnabled: get('EndpointReportingEnabled', boolean, false),
    endpointReportingDelayMs: seconds('EndpointReportingDelaySecs', 1),
    reportingIntervalMs: seconds('ReportingIntervalSecs', 30),
    reportingTtlMs: seconds('ReportingTTLSecs', 90),
    routeRefreshIntervalMs: seconds('RouteRefreshInterval', 90),
    nftablesRefreshIntervalMs: seconds('NftablesRefreshInterval', 180),
    interfaceRefreshIntervalMs: seconds('InterfaceRefreshInterval', 90),
    isHealthEnabled: get('HealthEnabled', boolean, false),
    healthHost: get('HealthHost', (text) => text, 'localhost'),
    healthPort: get('HealthPort', number(1, 65535), 9099),
    logSeverityScreen: get('LogSeverityScreen', matching(/^(trace|debug|info|warning|error|fatal)$/i), 'INFO'),
    openstackRegion: get('OpenstackRegion', matching(/^[a-z0-9]([-a-z0-9]{0,44}[a-z0-9])?$/), ''),
  };
  return { config, problems };
}

function boolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (['true', '1', 'yes', 'y', 't'].includes(lower)) return true;
  return ['false', '0', 'no', 'n', 'f'].includes(lower) ? false : undefined;
}

function number(min: number, max = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (text) => {
    const value = Number(text);
    return text.trim() !== '' && value >= min && value <= max ? value : undefined;
  };
}

function choice<const T extends string>(...options: readonly T[]): Reader<T> {
  return (text) => options.find((option) => option.toLowerCase() === text.toLowerCase());
}

function matching(pattern: RegExp): Reader<string> {
  return (text) => (pattern.test(text) ? text : undefined);
}

function list(item: RegExp): Reader<readonly string[]> {
  return (text) => {
    const items = text.split(',').map((part) => part.trim());
    return items.every((part) => item.test(part)) ? items : undefined;
  };
}

function address(family: 4 | 6): Reader<string> {
  return (text) => (parseAddress(text)?.family === family ? text : undefined);
}

/** At least the three bits we use. */
function markMask(text: string): number | undefined {
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0 || value > 0xffffffff) return undefined;
  return value.toString(2).replaceAll('0', '').length >= 3 ? value : undefined;
}

function portRange(text: string): { first: number; last: number } | undefined {
  const match = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  return first >= 1 && first <= last && last <= 65535 ? { first, last } : undefined;
}

const failsafeProtocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** `tcp:22`, `udp:10.0.0.0/8:53`, `tcp:[fd00::/8]:22`, bare `22` for TCP. */
function failsafes(text: string): readonly FailsafePort[] | undefined {
  const ports = text.split(',').map((part) => failsafe(part.trim()));
  return ports.every((port) => port !== undefined) ? ports : undefined;
}

function failsafe(text: string): FailsafePort | undefined {
  const match = /^(?:(tcp|udp|sctp):)?(?:\[?([0-9a-f.:/]+?)\]?:)?(\d{1,5})$/i.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port < 1 || port > 65535) return undefined;
  const protocol = failsafeProtocols[(match[1] ?? 'tcp').toLowerCase()]!;
  if (match[2] === undefined) return { protocol, port };
  const net = parsePrefix(match[2]);
  return net === undefined ? undefined : { protocol, port, net: printPrefix(masked(net)) };
}
