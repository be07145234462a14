/**
 * From raw parameter texts to the configuration the brains read: which parameter feeds which field. Names, types, ranges, words and defaults are
 * the rows'. A value that cannot be used gives way to the default and is reported; no value stops the agent, which would stop enforcement. Pure.
 */
import { parseAddress } from '../../lib/ip/address.ts';
import type { FelixConfig } from '../model/config.ts';
import { decodeIptables } from './decode-iptables.ts';
import { decodeOverlay } from './decode-overlay.ts';
import { decodeProcess } from './decode-process.ts';
import { createDecoder, type Decoder } from './decoder.ts';
import type { ResolvedValue } from './layers.ts';
import { findParameter } from './parameter-rows.ts';
import type { TextReader } from './parameter-text.ts';

export function decodeConfig(values: ReadonlyMap<string, ResolvedValue>): { config: FelixConfig; problems: string[] } {
  const problems = [...values].flatMap(([name, { layer }]) =>
    findParameter(name) === undefined ? [`${name}: no such parameter (from ${layer}); it is ignored`] : [],
  );
  const decoder = createDecoder(values, problems);
  const { read, word, within, given } = decoder;
  const interfacePrefixes = read('InterfacePrefix', 'list');
  const config: FelixConfig = {
    interfacePrefixes,
    interfaceExclude: read('InterfaceExclude', 'interface-patterns'),
    defaultEndpointToHostAction: word('DefaultEndpointToHostAction'),
    failsafeInbound: read('FailsafeInboundHostPorts', 'failsafe-ports'),
    failsafeOutbound: read('FailsafeOutboundHostPorts', 'failsafe-ports'),
    markMask: read('NftablesMarkMask', 'mask'),
    filterDenyAction: word('NftablesFilterDenyAction'),
    isConntrackInvalidCheckDisabled: read('DisableConntrackInvalidCheck', 'boolean'),
    logPrefix: read('LogPrefix', 'string'),
    logActionRateLimit: read('LogActionRateLimit', 'string'),
    logActionRateLimitBurst: read('LogActionRateLimitBurst', 'integer'),
    areVxlanPacketsFromWorkloadsAllowed: read('AllowVXLANPacketsFromWorkloads', 'boolean'),
    areIpipPacketsFromWorkloadsAllowed: read('AllowIPIPPacketsFromWorkloads', 'boolean'),
    vxlanPort: within('VXLANPort', 1, 65535),
    ...given('natOutgoingAddress', read('NATOutgoingAddress', 'ipv4')),
    natOutgoingExclusions: word('NATOutgoingExclusions'),
    ...given('natPortRange', read('NATPortRange', 'port-range')),
    ...given('natOutgoingInterface', read('IptablesNATOutgoingInterfaceFilter', 'interface')),
    isIpv6Supported: read('Ipv6Support', 'boolean'),
    isIpForwardingEnabled: word('IPForwarding') === 'Enabled',
    deviceRouteProtocol: within('DeviceRouteProtocol', 0, 255),
    ipv4RoutePriority: read('IPv4NormalRoutePriority', 'integer'),
    ipv6RoutePriority: read('IPv6NormalRoutePriority', 'integer'),
    ...given('deviceRouteSourceAddress', read('DeviceRouteSourceAddress', 'ipv4')),
    ...given('deviceRouteSourceAddressV6', read('DeviceRouteSourceAddressIPv6', 'ipv6')),
    areExternalRoutesRemoved: read('RemoveExternalRoutes', 'boolean'),
    isRouteSyncDisabled: read('RouteSyncDisabled', 'boolean'),
    isLocalSubnetReachable: word('LocalSubnetL2Reachability') === 'PodsAndLoadBalancers',
    localSubnetRefreshMs: read('LocalSubnetL2ReachabilityRefreshInterval', 'seconds'),
    isSourceSpoofingAllowed: word('WorkloadSourceSpoofing') === 'Any',
    routeRefreshIntervalMs: read('RouteRefreshInterval', 'seconds'),
    nftablesRefreshIntervalMs: read('NftablesRefreshInterval', 'seconds'),
    interfaceRefreshIntervalMs: read('InterfaceRefreshInterval', 'seconds'),
    areLiveFlowsReevaluated: word('LiveFlowReevaluation') === 'Enabled',
    areFloatingIpsEnabled: word('FloatingIPs') === 'Enabled',
    ...given('metadata', readMetadata(decoder, interfacePrefixes)),
    serviceLoopPrevention: word('ServiceLoopPrevention'),
    endpointStatusPath: read('EndpointStatusPathPrefix', 'path'),
    ...decodeIptables(decoder),
    ...decodeOverlay(decoder),
    ...decodeProcess(decoder),
  };
  return { config, problems };
}

const ipv4Text: TextReader<string> = {
  read: (text) => (parseAddress(text)?.family === 4 ? text : undefined),
  zero: { value: '' },
};

/** Asked for as upstream takes it: by another place than the default, or by OpenStack's name for links. */
function readMetadata({ readAs, within }: Decoder, prefixes: readonly string[]): FelixConfig['metadata'] {
  const address = readAs('MetadataAddr', 'string', ipv4Text);
  const port = within('MetadataPort', 0, 65_535);
  if (address === '' || port === 0) return undefined;
  const isDefault = address === '127.0.0.1' && port === 8775;
  return isDefault && !prefixes.includes('tap') ? undefined : { address, port };
}
