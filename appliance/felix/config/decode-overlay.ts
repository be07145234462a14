/** The parameters of what lies between hosts: tunnels, encryption, routes, MTU. Pure. */
import type { FelixConfig, RouteTableRange } from '../model/config.ts';
import type { Decoder } from './decoder.ts';
import { type TextReader, textReaders } from './parameter-text.ts';

/** What a link's MTU may be set to; 0 is found out. */
const mtuMax = 65_535;
const byDefault: readonly RouteTableRange[] = [{ first: 1, last: 250 }];
/** Without a `none`. */
const interfaceName: TextReader<string> = { read: textReaders.interface.read };

export function decodeOverlay({ read, readAs, word, within, given }: Decoder) {
  const ranges = read('RouteTableRanges', 'table-ranges');
  const range = read('RouteTableRange', 'table-range');
  return {
    ...given('isVxlanEnabled', read('VXLANEnabled', 'optional-boolean')),
    vxlanMtu: within('VXLANMTU', 0, mtuMax),
    vxlanMtuV6: within('VXLANMTUV6', 0, mtuMax),
    vxlanVni: within('VXLANVNI', 1, 0xffffff),
    ...given('isIpipEnabled', read('IpInIpEnabled', 'optional-boolean')),
    ipipMtu: within('IpInIpMtu', 0, mtuMax),
    isWireguardEnabled: read('WireguardEnabled', 'boolean'),
    isWireguardEnabledV6: read('WireguardEnabledV6', 'boolean'),
    isWireguardHostEncryptionEnabled: read('WireguardHostEncryptionEnabled', 'boolean'),
    wireguardInterface: readAs('WireguardInterfaceName', 'interface', interfaceName),
    wireguardInterfaceV6: readAs('WireguardInterfaceNameV6', 'interface', interfaceName),
    wireguardPort: within('WireguardListeningPort', 1, 65535),
    wireguardPortV6: within('WireguardListeningPortV6', 1, 65535),
    wireguardMtu: within('WireguardMTU', 0, mtuMax),
    wireguardMtuV6: within('WireguardMTUV6', 0, mtuMax),
    wireguardKeepAliveMs: read('WireguardPersistentKeepAlive', 'seconds'),
    wireguardRulePriority: within('WireguardRoutingRulePriority', 1, 32765),
    programClusterRoutes: word('ProgramClusterRoutes'),
    routeSource: word('RouteSource'),
    routeTableRanges: ranges ?? (range === undefined ? byDefault : [range]),
    externalNodeCidrs: read('ExternalNodesCIDRList', 'cidrs'),
    mtuInterfacePattern: read('MTUIfacePattern', 'regex'),
    isMtuFileRequired: read('RequireMTUFile', 'boolean'),
  } satisfies Partial<FelixConfig>;
}
