/**
 * From raw parameter texts to the configuration the brains read: which parameter feeds which field. Names, types, ranges, words and defaults are
 * the rows'. A value that cannot be used gives way to the default and is reported; no value stops the agent, which would stop enforcement. Pure.
 */
import { assert } from '../../lib/assert.ts';
import type { FelixConfig } from '../model/config.ts';
import type { ResolvedValue } from './layers.ts';
import { findParameter, parameterOf } from './parameter-rows.ts';
import { type TextReader, type TextReaders, textReaders } from './parameter-text.ts';

export function decodeConfig(values: ReadonlyMap<string, ResolvedValue>): { config: FelixConfig; problems: string[] } {
  const problems = [...values].flatMap(([name, { layer }]) =>
    findParameter(name) === undefined ? [`${name}: no such parameter (from ${layer}); it is ignored`] : [],
  );
  const decoder = createDecoder(values, problems);
  const { read, word, within, given } = decoder;
  const config: FelixConfig = {
    interfacePrefixes: read('InterfacePrefix', 'list'),
    interfaceExclude: read('InterfaceExclude', 'interface-patterns'),
    defaultEndpointToHostAction: word('DefaultEndpointToHostAction'),
    failsafeInbound: read('FailsafeInboundHostPorts', 'failsafe-ports'),
    failsafeOutbound: read('FailsafeOutboundHostPorts', 'failsafe-ports'),
    markMask: read('NftablesMarkMask', 'mask'),
    filterAllowAction: word('NftablesFilterAllowAction'),
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
    isSourceSpoofingAllowed: word('WorkloadSourceSpoofing') === 'Any',
    isEndpointReportingEnabled: read('EndpointReportingEnabled', 'boolean'),
    endpointReportingDelayMs: read('EndpointReportingDelaySecs', 'seconds'),
    reportingIntervalMs: read('ReportingIntervalSecs', 'seconds'),
    reportingTtlMs: read('ReportingTTLSecs', 'seconds'),
    routeRefreshIntervalMs: read('RouteRefreshInterval', 'seconds'),
    nftablesRefreshIntervalMs: read('NftablesRefreshInterval', 'seconds'),
    interfaceRefreshIntervalMs: read('InterfaceRefreshInterval', 'seconds'),
    isHealthEnabled: read('HealthEnabled', 'boolean'),
    healthHost: read('HealthHost', 'string'),
    healthPort: within('HealthPort', 1, 65535),
    logSeverityScreen: decoder.wordOrNone('LogSeverityScreen'),
    openstackRegion: read('OpenstackRegion', 'dns-label'),
  };
  return { config, problems };
}

type ValueOf<K extends keyof TextReaders> = TextReaders[K] extends TextReader<infer T> ? T : never;

function createDecoder(values: ReadonlyMap<string, ResolvedValue>, problems: string[]) {
  return {
    /** The value of a parameter whose row has type `type`. */
    read<K extends keyof TextReaders>(name: string, type: K): ValueOf<K> {
      return readWith(name, type, textReaders[type] as unknown as TextReader<ValueOf<K>>);
    },
    /** The fields' unions are the words of the rows; a test compares them. */
    word<T extends string>(name: string): T {
      return readWith(name, 'enum', textReaders.enum) as T;
    },
    /** A word, or the empty text for `none`. */
    wordOrNone(name: string): string {
      return readWith(name, 'enum', { ...textReaders.enum, zero: { value: '' } });
    },
    /** An integer the kernel's field can hold, where the row alone would allow more. */
    within(name: string, minimum: number, maximum: number): number {
      const read: TextReader<number>['read'] = (text, row) =>
        textReaders.integer.read(text, { ...row, minimum, maximum });
      return readWith(name, 'integer', minimum > 0 ? { read } : { read, zero: { value: 0 } });
    },
    given<K extends string, T>(key: K, value: T | undefined) {
      return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
    },
  };

  function readWith<T>(name: string, type: keyof TextReaders, reader: TextReader<T>): T {
    const row = parameterOf(name);
    assert(row.type === type, `${name} is of type ${row.type}`);
    const given = values.get(name.toLowerCase());
    const decoded = given === undefined ? undefined : readText(given.text);
    if (decoded !== undefined) return decoded.value;
    if (given !== undefined)
      problems.push(`${name}: cannot use ${JSON.stringify(given.text)} (from ${given.layer}); the default applies`);
    const byDefault = row.default === '' ? reader.zero : readText(row.default);
    assert(byDefault !== undefined, `${name}: the default cannot be read`);
    return byDefault.value;

    function readText(text: string): { readonly value: T } | undefined {
      if (text.toLowerCase() === 'none') return reader.zero;
      const value = reader.read(text, row);
      return value === undefined ? undefined : { value };
    }
  }
}
