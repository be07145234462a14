/** BGPConfiguration. Pure. */

import type { Problem } from '../../lib/problem.ts';
import { boolean, described, list, object, oneOf, present, text } from '../../lib/schema.ts';
import {
  ageTableColumn,
  nameColumn,
  nameTableColumn,
  specColumn,
  specTableColumn,
  wideTableColumn,
} from '../columns.ts';
import { defineKind } from '../define.ts';
import { ipSchema, strictCidrSchema } from '../fields/address.ts';
import { communitySchema, isCommunity, passwordSchema, prioritySchema, severitySchema } from '../fields/bgp.ts';
import { narrowInterfaceWildcardSchema } from '../fields/interface-name.ts';
import { checkSubdomain, nameSchema } from '../fields/name.ts';
import { asNumberSchema, durationSchema, portNumberSchema } from '../fields/scalars.ts';
import type { Legible, Subject } from '../legible.ts';
import { problemOf } from '../read.ts';
import { apiVersion } from '../resource.ts';

/** Spec of a BGPConfiguration after decoding. */
export interface BGPConfigurationSpec {
  logSeverityScreen?: string;
  nodeToNodeMeshEnabled?: boolean;
  asNumber?: number;
  serviceLoadBalancerIPs?: { cidr?: string }[];
  serviceExternalIPs?: { cidr?: string }[];
  serviceClusterIPs?: { cidr?: string }[];
  serviceLoadBalancerAggregation?: 'Enabled' | 'Disabled';
  communities?: { name: string; value: string }[];
  prefixAdvertisements?: { cidr: string; communities: string[] }[];
  listenPort?: number;
  nodeMeshPassword?: { secretKeyRef?: { name?: string; key: string; optional?: boolean } };
  nodeMeshMaxRestartTime?: string;
  bindMode?: 'None' | 'NodeIP';
  ignoredInterfaces?: string[];
  localWorkloadPeeringIPV4?: string;
  localWorkloadPeeringIPV6?: string;
  programClusterRoutes?: 'Enabled' | 'Disabled' | 'EnabledIPIPOnly' | 'EnabledNoEncapOnly';
  ipv4NormalRoutePriority?: number;
  ipv6NormalRoutePriority?: number;
}

const serviceRanges = list(object({ cidr: strictCidrSchema() }));
const notCommunity = 'must be a community such as 64512:100 or the name of one in spec.communities';
const communityOrNameSchema = text({
  format: 'bgp-community-or-name',
  check: (value) => (isCommunity(value) || checkSubdomain(value) === undefined ? undefined : notCommunity),
});

const columns = [
  nameColumn,
  specColumn('LOGSEVERITY', 'logSeverityScreen'),
  specColumn('MESHENABLED', 'nodeToNodeMeshEnabled', '-'),
  specColumn('ASNUMBER', 'asNumber', '-'),
];

export const bgpConfiguration = defineKind({
  kind: 'BGPConfiguration',
  plural: 'bgpconfigurations',
  singular: 'bgpconfiguration',
  isNamespaced: false,
  aliases: ['bgpconfiguration', 'bgpconfigurations', 'bgpconfig', 'bgpconfigs'],
  shortNames: ['bgpconfig', 'bgpconfigs'],
  description: 'How hosts speak BGP: all of them in the object `default`, one in `node.<name>`.',
  spec: object({
    logSeverityScreen: described('What the BGP daemon logs.', { ...severitySchema, default: 'Info' }),
    nodeToNodeMeshEnabled: described('Every host peers with every other; true when absent.', present(boolean())),
    asNumber: described('AS number of hosts that have none of their own; 64512 when absent.', present(asNumberSchema)),
    serviceLoadBalancerIPs: described('Load-balancer addresses to announce.', serviceRanges),
    serviceExternalIPs: described('External service addresses to announce.', serviceRanges),
    serviceClusterIPs: described('Cluster service addresses to announce.', serviceRanges),
    serviceLoadBalancerAggregation: described(
      'Announce the range instead of single addresses.',
      present(oneOf(['Enabled', 'Disabled'], { default: 'Enabled' })),
    ),
    communities: described(
      'Names for communities.',
      list(object({ name: nameSchema, value: communitySchema }, { required: ['name', 'value'] }), { maxItems: 500 }),
    ),
    prefixAdvertisements: described(
      'Communities to attach to routes inside a prefix.',
      list(
        object(
          { cidr: strictCidrSchema(), communities: list(communityOrNameSchema, { maxItems: 50 }) },
          { required: ['cidr', 'communities'] },
        ),
        {
          maxItems: 500,
        },
      ),
    ),
    listenPort: described('Port of the BGP daemon; 179 when absent.', portNumberSchema),
    nodeMeshPassword: described('Password of the mesh.', present(passwordSchema)),
    nodeMeshMaxRestartTime: described('How long routes of a restarting mesh peer are kept.', present(durationSchema)),
    bindMode: described('Listen on all addresses or only on that of the host.', present(oneOf(['None', 'NodeIP']))),
    ignoredInterfaces: described(
      'Interfaces whose addresses are not read; `*` stands for any text.',
      list(narrowInterfaceWildcardSchema),
    ),
    localWorkloadPeeringIPV4: described('Address workloads peer with.', ipSchema(4)),
    localWorkloadPeeringIPV6: described('IPv6 address workloads peer with.', ipSchema(6)),
    programClusterRoutes: described(
      'Which routes between hosts the BGP daemon writes to the kernel; EnabledNoEncapOnly when absent.',
      present(oneOf(['Enabled', 'Disabled', 'EnabledIPIPOnly', 'EnabledNoEncapOnly'])),
    ),
    ipv4NormalRoutePriority: described('Metric of ordinary IPv4 routes; 1024 when absent.', present(prioritySchema)),
    ipv6NormalRoutePriority: described('Metric of ordinary IPv6 routes; 1024 when absent.', present(prioritySchema)),
  }),
  applyDefaults: (resource) => {
    resource.spec = { logSeverityScreen: 'Info', serviceLoadBalancerAggregation: 'Enabled', ...resource.spec };
  },
  check: (subject) => [...checkMesh(subject.spec), ...checkCommunities(subject.spec), ...checkPerNode(subject)],
  columns: { ps: columns, wide: columns },
  tableColumns: [
    nameTableColumn,
    specTableColumn('ASN', 'asNumber', 'AS number of hosts that have none of their own.'),
    specTableColumn('Mesh', 'nodeToNodeMeshEnabled', 'Whether every host peers with every other.', 'boolean'),
    wideTableColumn('LogSeverity', 'What the routing daemons log.', ({ spec }) => String(spec.logSeverityScreen ?? '')),
    ageTableColumn,
  ],
  example: {
    kind: 'BGPConfiguration',
    apiVersion,
    metadata: { name: 'default' },
    spec: {
      nodeToNodeMeshEnabled: true,
      asNumber: 64512,
      communities: [{ name: 'internal', value: '64512:100' }],
      prefixAdvertisements: [{ cidr: '10.77.0.0/16', communities: ['internal', '64512:200'] }],
    },
  },
});

function checkMesh(spec: Legible<BGPConfigurationSpec>): Problem[] {
  if (spec.nodeToNodeMeshEnabled !== false) return [];
  return (['nodeMeshPassword', 'nodeMeshMaxRestartTime'] as const)
    .filter((field) => spec[field] !== undefined)
    .map((field) => problemOf(`spec.${field}`, 'must be absent when nodeToNodeMeshEnabled is false'));
}

function checkCommunities(spec: Legible<BGPConfigurationSpec>): Problem[] {
  return spec.communities !== undefined && spec.prefixAdvertisements === undefined
    ? [problemOf('spec.communities', 'are not used in prefixAdvertisements')]
    : checkCommunityNames(spec);
}

/** Says nothing while some community's own name cannot be read: it may be the one that is meant. */
function checkCommunityNames(spec: Legible<BGPConfigurationSpec>): Problem[] {
  const names =
    spec.communities === null ? [null] : (spec.communities ?? []).map((community) => community?.name ?? null);
  if (names.includes(null)) return [];
  return (spec.prefixAdvertisements ?? []).flatMap((advertisement, i) =>
    (advertisement?.communities ?? []).flatMap((word, j) =>
      word === null || names.includes(word) || isCommunity(word)
        ? []
        : [problemOf(`spec.prefixAdvertisements[${i}].communities[${j}]`, notCommunity, word)],
    ),
  );
}

const globalOnly = [
  'nodeToNodeMeshEnabled',
  'asNumber',
  'serviceLoadBalancerIPs',
  'serviceExternalIPs',
  'serviceClusterIPs',
  'nodeMeshPassword',
  'nodeMeshMaxRestartTime',
];

function checkPerNode({ metadata, spec }: Subject): Problem[] {
  const name = metadata.name ?? '';
  if (name === '' || name === 'default') return [];
  return globalOnly
    .filter((field) => spec[field] !== undefined)
    .map((field) => problemOf(`spec.${field}`, "is only allowed in the object named 'default'"));
}
