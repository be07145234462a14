/** Node: a host as the others see it. Pure. */

import type { Problem } from '../../lib/problem.ts';
import { always, described, list, object, oneOf, present, text } from '../../lib/schema.ts';
import { ageTableColumn, nameColumn, nameTableColumn, wideTableColumn } from '../columns.ts';
import { type ColumnContext, defineKind } from '../define.ts';
import { cidrOrIpSchema, ipSchema, macSchema } from '../fields/address.ts';
import { nameSchema } from '../fields/name.ts';
import { asNumberSchema } from '../fields/scalars.ts';
import type { Subject } from '../legible.ts';
import { isRecord, problemOf } from '../read.ts';
import { apiVersion, type Resource } from '../resource.ts';

/** Spec of a node after decoding. */
export interface NodeSpec {
  bgp?: {
    asNumber?: number;
    ipv4Address?: string;
    ipv6Address?: string;
    ipv4IPIPTunnelAddr?: string;
    routeReflectorClusterID?: string;
  };
  ipv4VXLANTunnelAddr?: string;
  vxlanTunnelMACAddr?: string;
  ipv6VXLANTunnelAddr?: string;
  vxlanTunnelMACAddrV6?: string;
  orchRefs?: { nodeName?: string; orchestrator: string }[];
  wireguard?: { interfaceIPv4Address?: string; interfaceIPv6Address?: string };
  addresses?: { address: string; type?: 'CalicoNodeIP' | 'InternalIP' | 'ExternalIP' }[];
  interfaces?: { name?: string; addresses?: string[] }[];
}

const defaultAsNumber = 64_512;
const wireguardKey = text({
  format: 'wireguard-key',
  check: (value) => (isWireguardKey(value) ? undefined : 'must be the base64 text of a 32-byte WireGuard key'),
});

export const node = defineKind({
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  isNamespaced: false,
  aliases: ['node', 'nodes', 'no', 'nos'],
  shortNames: ['no', 'nos'],
  description:
    'A host: its addresses, its tunnel ends and its place in BGP. Written by the host agent; labels are for people.',
  spec: object({
    bgp: described(
      'How the host speaks BGP; absent when it does not.',
      present(
        object({
          asNumber: described('AS number; the one of BGPConfiguration when absent.', present(asNumberSchema)),
          ipv4Address: described('IPv4 address and prefix length of the host.', cidrOrIpSchema(4)),
          ipv6Address: described('IPv6 address and prefix length of the host.', cidrOrIpSchema(6)),
          ipv4IPIPTunnelAddr: described('Address of the IP-in-IP device.', ipSchema(4)),
          routeReflectorClusterID: described('Makes the host a route reflector of this cluster.', ipSchema(4)),
        }),
      ),
    ),
    ipv4VXLANTunnelAddr: described('IPv4 address of the VXLAN device.', ipSchema(4)),
    vxlanTunnelMACAddr: described('Hardware address of the IPv4 VXLAN device.', macSchema),
    ipv6VXLANTunnelAddr: described('IPv6 address of the VXLAN device.', ipSchema(6)),
    vxlanTunnelMACAddrV6: described('Hardware address of the IPv6 VXLAN device.', macSchema),
    orchRefs: described(
      'What the host is called by orchestrators.',
      list(object({ nodeName: text(), orchestrator: always(text()) }, { required: ['orchestrator'] })),
    ),
    wireguard: described(
      'Addresses of the WireGuard devices.',
      present(object({ interfaceIPv4Address: ipSchema(4), interfaceIPv6Address: ipSchema(6) })),
    ),
    addresses: described(
      'Addresses of the host.',
      list(
        object(
          { address: always(cidrOrIpSchema()), type: oneOf(['CalicoNodeIP', 'InternalIP', 'ExternalIP']) },
          { required: ['address'] },
        ),
      ),
    ),
    interfaces: described(
      'Interfaces of the host and their addresses.',
      list(object({ name: nameSchema, addresses: list(text()) })),
    ),
  }),
  status: object(
    { wireguardPublicKey: wireguardKey, wireguardPublicKeyV6: wireguardKey, podCIDRs: list(text()) },
    { emit: 'always' },
  ),
  check: checkBgp,
  columns: {
    ps: [nameColumn],
    wide: [
      nameColumn,
      { heading: 'ASN', cell: printAsNumber },
      { heading: 'IPV4', cell: (resource) => bgpOf(resource)?.ipv4Address ?? '' },
      { heading: 'IPV6', cell: (resource) => bgpOf(resource)?.ipv6Address ?? '' },
    ],
  },
  tableColumns: [
    nameTableColumn,
    {
      name: 'IPv4',
      type: 'string',
      description: 'IPv4 address of the host.',
      priority: 0,
      cell: (resource) => bgpOf(resource)?.ipv4Address ?? '',
    },
    wideTableColumn('IPv6', 'IPv6 address of the host.', (resource) => bgpOf(resource)?.ipv6Address ?? ''),
    wideTableColumn('ASN', 'AS number of the host.', (resource) => String(bgpOf(resource)?.asNumber ?? '')),
    ageTableColumn,
  ],
  example: {
    kind: 'Node',
    apiVersion,
    metadata: { name: 'node-7', labels: { rack: 'r1' } },
    spec: {
      bgp: { asNumber: 64512, ipv4Address: '10.9.0.7/24' },
      addresses: [{ address: '10.9.0.7/24', type: 'CalicoNodeIP' }],
    },
  },
});

function checkBgp({ spec }: Subject): Problem[] {
  const bgp = spec.bgp;
  return isRecord(bgp) && Object.keys(bgp).length === 0
    ? [problemOf('spec.bgp', 'must be absent rather than empty')]
    : [];
}

function bgpOf(resource: Resource): NodeSpec['bgp'] {
  return (resource.spec as NodeSpec).bgp;
}

function printAsNumber(resource: Resource, context: ColumnContext): string {
  const bgp = bgpOf(resource);
  if (bgp === undefined) return '';
  return bgp.asNumber === undefined ? `(${context.defaultAsNumber ?? defaultAsNumber})` : String(bgp.asNumber);
}

function isWireguardKey(value: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(value) && Buffer.from(value, 'base64').toString('base64') === value;
}
