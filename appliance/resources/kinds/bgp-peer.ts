/** BGPPeer. Pure. That its filters exist is the writer's to check: it takes the store. */

import { parseAddress } from '../../lib/ip/address.ts';
import type { Problem } from '../../lib/problem.ts';
import { boolean, described, integer, list, object, oneOf, present, text } from '../../lib/schema.ts';
import {
  ageTableColumn,
  joined,
  nameColumn,
  nameTableColumn,
  specColumn,
  specTableColumn,
  wideTableColumn,
} from '../columns.ts';
import { defineKind } from '../define.ts';
import { ipSchema } from '../fields/address.ts';
import { parsePeerAddress, passwordSchema } from '../fields/bgp.ts';
import { nameSchema } from '../fields/name.ts';
import { asNumberSchema, durationSchema } from '../fields/scalars.ts';
import { selectorSchema } from '../fields/selector.ts';
import type { Legible, Subject } from '../legible.ts';
import { problemOf } from '../read.ts';
import { apiVersion, type Resource } from '../resource.ts';

/** Spec of a peer after decoding. */
export interface BGPPeerSpec {
  node?: string;
  nodeSelector?: string;
  peerIP?: string;
  asNumber?: number;
  localASNumber?: number;
  peerSelector?: string;
  keepOriginalNextHop?: boolean;
  nextHopMode?: 'Auto' | 'Self' | 'Keep';
  password?: { secretKeyRef?: { name?: string; key: string; optional?: boolean } };
  sourceAddress?: 'UseNodeIP' | 'None';
  maxRestartTime?: string;
  keepaliveTime?: string;
  numAllowedLocalASNumbers?: number;
  ttlSecurity?: number;
  reachableBy?: string;
  filters?: string[];
  localWorkloadSelector?: string;
  reversePeering?: 'Auto' | 'Manual';
}

const columns = [
  nameColumn,
  specColumn('PEERIP', 'peerIP'),
  { heading: 'NODE', cell: printNode },
  specColumn('ASN', 'asNumber', '0'),
];

export const bgpPeer = defineKind({
  kind: 'BGPPeer',
  plural: 'bgppeers',
  singular: 'bgppeer',
  isNamespaced: false,
  aliases: ['bgppeer', 'bgppeers', 'bgpp', 'bgpps', 'bp', 'bps'],
  shortNames: [],
  description: 'Whom hosts peer with: a router by its address, other hosts by a selector, or local workloads.',
  spec: object({
    node: described('The one host that peers; every host when this and nodeSelector are absent.', nameSchema),
    nodeSelector: described('The hosts that peer.', selectorSchema),
    peerIP: described(
      'Address of the peer, with a port if it is not 179.',
      text({
        maxLength: 64,
        format: 'peer-address',
        check: (value) =>
          parsePeerAddress(value) === undefined
            ? 'must be an address, optionally with a port: 10.9.0.1, 10.9.0.1:1790, [fd00::1]:1790'
            : undefined,
      }),
    ),
    asNumber: described('AS number of the peer.', asNumberSchema),
    localASNumber: described('AS number to speak for in this peering.', present(asNumberSchema)),
    peerSelector: described('Hosts to peer with.', selectorSchema),
    keepOriginalNextHop: described('Use nextHopMode instead.', boolean()),
    nextHopMode: described('How the next hop of announced routes is set.', present(oneOf(['Auto', 'Self', 'Keep']))),
    password: described('Password of the session.', present(passwordSchema)),
    sourceAddress: described('Whether sessions start from the address of the host.', oneOf(['UseNodeIP', 'None'])),
    maxRestartTime: described('How long routes of the restarting peer are kept.', present(durationSchema)),
    keepaliveTime: described('Time between keepalive messages.', present(durationSchema)),
    numAllowedLocalASNumbers: described(
      'How often our own AS number may appear in a path.',
      present(integer(-2_147_483_648, 2_147_483_647)),
    ),
    ttlSecurity: described('Hops to the peer, checked by the packets\u2019 time to live.', present(integer(0, 255))),
    reachableBy: described('Gateway to the peer.', { ...ipSchema(), maxLength: 64 }),
    filters: described('Names of BGPFilters, in order.', list(nameSchema)),
    localWorkloadSelector: described('Local workloads to peer with.', selectorSchema),
    reversePeering: described('Whether selected hosts peer back by themselves.', present(oneOf(['Auto', 'Manual']))),
  }),
  check: checkPeer,
  columns: { ps: columns, wide: columns },
  tableColumns: [
    nameTableColumn,
    specTableColumn('Node Selector', 'nodeSelector', 'The hosts that peer.'),
    specTableColumn('Node', 'node', 'The one host that peers.'),
    specTableColumn('Local ASN', 'localASNumber', 'AS number to speak for in this peering.'),
    specTableColumn('Peer Selector', 'peerSelector', 'Hosts to peer with.'),
    specTableColumn('Peer IP', 'peerIP', 'Address of the peer.'),
    specTableColumn('Peer ASN', 'asNumber', 'AS number of the peer.'),
    wideTableColumn('Filters', 'Filters for its routes.', ({ spec }) => joined(spec.filters)),
    ageTableColumn,
  ],
  example: {
    kind: 'BGPPeer',
    apiVersion,
    metadata: { name: 'rack1-tor' },
    spec: { nodeSelector: "rack == 'r1'", peerIP: '10.9.0.1', asNumber: 64701, filters: ['pools-only'] },
  },
});

/** One line per rule: the field at fault, whether it is, and why. */
function checkPeer(subject: Subject): Problem[] {
  const spec: Legible<BGPPeerSpec> = subject.spec;
  const has = (field: keyof BGPPeerSpec) => spec[field] !== undefined;
  const rules: readonly (readonly [keyof BGPPeerSpec, boolean, string])[] = [
    ['nodeSelector', has('node') && has('nodeSelector'), 'cannot be combined with node'],
    ['peerSelector', has('peerIP') && has('peerSelector'), 'cannot be combined with peerIP'],
    ['asNumber', has('peerSelector') && has('asNumber'), 'must be absent with peerSelector'],
    ['peerIP', has('localWorkloadSelector') && has('peerIP'), 'cannot be combined with localWorkloadSelector'],
    [
      'peerSelector',
      has('localWorkloadSelector') && has('peerSelector'),
      'cannot be combined with localWorkloadSelector',
    ],
    ['asNumber', has('localWorkloadSelector') && !has('asNumber'), 'is required with localWorkloadSelector'],
    ['reachableBy', has('reachableBy') && !has('peerIP'), 'needs peerIP'],
    ['reachableBy', isOtherFamily(spec), 'must be of the same family as peerIP'],
    ['keepOriginalNextHop', has('keepOriginalNextHop') && has('nextHopMode'), 'cannot be combined with nextHopMode'],
  ];
  return rules
    .filter(([, isBroken]) => isBroken)
    .map(([field, , message]) => problemOf(`spec.${field}`, message, spec[field]));
}

function isOtherFamily(spec: Legible<BGPPeerSpec>): boolean {
  const gateway = parseAddress(spec.reachableBy ?? '');
  const peer = parsePeerAddress(spec.peerIP ?? '');
  return gateway !== undefined && peer !== undefined && gateway.family !== peer.family;
}

function printNode(resource: Resource): string {
  const spec: BGPPeerSpec = resource.spec;
  return spec.node ?? spec.nodeSelector ?? '(global)';
}
