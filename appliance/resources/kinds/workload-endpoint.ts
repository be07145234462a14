/** WorkloadEndpoint. Pure. Its name follows from its identifiers (`workload-endpoint-name.ts`). */

import { type Address, contains, parseAddress, parsePrefixOrAddress } from '../../lib/ip/address.ts';
import type { Problem } from '../../lib/problem.ts';
import { always, described, integer, list, object, present, text } from '../../lib/schema.ts';
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
import { cidrOrIpSchema, hostAddressSchema, ipSchema, macSchema, netSchema } from '../fields/address.ts';
import { checkEndpointPortName, containerIdSchema, interfaceSchema } from '../fields/interface-name.ts';
import { nameSchema } from '../fields/name.ts';
import { qosControlsSchema } from '../fields/qos.ts';
import { portNumberSchema, portProtocolSchema } from '../fields/scalars.ts';
import type { Legible, Subject } from '../legible.ts';
import { problemOf } from '../read.ts';
import { apiVersion, type Resource } from '../resource.ts';
import { unfitIdentifiers, type WorkloadEndpointIdentifiers, workloadEndpointName } from '../workload-endpoint-name.ts';

/** Spec of a workload endpoint after decoding. */
export interface WorkloadEndpointSpec extends WorkloadEndpointIdentifiers {
  serviceAccountName?: string;
  ipNetworks?: string[];
  ipNATs?: { internalIP: string; externalIP: string }[];
  ipv4Gateway?: string;
  ipv6Gateway?: string;
  profiles?: string[];
  interfaceName?: string;
  mac?: string;
  ports?: { name: string; protocol: string | number; port: number; hostPort: number; hostIP: string }[];
  allowSpoofedSourcePrefixes?: string[];
  qosControls?: Record<string, unknown>;
}

export const workloadEndpoint = defineKind({
  kind: 'WorkloadEndpoint',
  plural: 'workloadendpoints',
  singular: 'workloadendpoint',
  isNamespaced: true,
  aliases: ['workloadendpoint', 'workloadendpoints', 'wep', 'weps'],
  shortNames: ['wep', 'weps'],
  description:
    'One network interface of a workload (container, virtual machine, process), with its addresses and its labels.',
  spec: object(
    {
      orchestrator: described('What started the workload.', nameSchema),
      workload: described('Name of the workload.', nameSchema),
      node: described('Host the workload runs on.', nameSchema),
      containerID: described('Container the interface belongs to.', containerIdSchema),
      pod: described('Pod the interface belongs to.', nameSchema),
      endpoint: described('Name of the interface inside the workload.', nameSchema),
      serviceAccountName: described('Service account of the workload.', nameSchema),
      ipNetworks: described('Addresses of the workload, each alone or as /32 or /128.', list(hostAddressSchema)),
      ipNATs: described(
        'Floating addresses, one to one.',
        list(
          object(
            { internalIP: always(ipSchema()), externalIP: always(ipSchema()) },
            { required: ['internalIP', 'externalIP'] },
          ),
        ),
      ),
      ipv4Gateway: described('IPv4 gateway of the workload.', ipSchema(4)),
      ipv6Gateway: described('IPv6 gateway of the workload.', ipSchema(6)),
      profiles: described('Profiles whose rules and labels the endpoint gets, in order.', list(nameSchema)),
      interfaceName: described('Interface on the host.', interfaceSchema),
      mac: described('Hardware address of the interface.', macSchema),
      ports: described('Named ports for rules to refer to, and host ports.', list(portSchema())),
      allowSpoofedSourcePrefixes: described(
        'Sources besides its own that the workload may use.',
        list(cidrOrIpSchema()),
      ),
      qosControls: described(
        'Limits of bandwidth, packets and connections; absent or 0 is off.',
        present(qosControlsSchema),
      ),
    },
    { required: ['node', 'interfaceName'] },
  ),
  applyDefaults: (resource) => {
    const spec: WorkloadEndpointSpec = resource.spec;
    resource.metadata.labels = {
      ...resource.metadata.labels,
      'projectcalico.org/namespace': resource.metadata.namespace ?? '',
      ...(spec.orchestrator === undefined ? {} : { 'projectcalico.org/orchestrator': spec.orchestrator }),
    };
  },
  check: checkEndpoint,
  columns: {
    ps: [workloadColumn(), specColumn('NODE', 'node'), networksColumn(), specColumn('INTERFACE', 'interfaceName')],
    wide: [
      nameColumn,
      workloadColumn(),
      specColumn('NODE', 'node'),
      networksColumn(),
      specColumn('INTERFACE', 'interfaceName'),
      { heading: 'PROFILES', cell: (resource) => joined(resource.spec.profiles) },
      { heading: 'NATS', cell: printNats },
    ],
    extra: [specColumn('ORCHESTRATOR', 'orchestrator'), specColumn('ENDPOINT', 'endpoint'), specColumn('MAC', 'mac')],
  },
  tableColumns: [
    nameTableColumn,
    specTableColumn('Node', 'node', 'Host the workload runs on.'),
    specTableColumn('Interface', 'interfaceName', 'Interface on the host.'),
    {
      name: 'Networks',
      type: 'string',
      description: 'Addresses of the workload.',
      priority: 0,
      cell: ({ spec }) => joined(spec.ipNetworks),
    },
    wideTableColumn('Profiles', 'Profiles whose rules the endpoint gets.', ({ spec }) => joined(spec.profiles)),
    wideTableColumn('Orchestrator', 'Who runs the workload.', ({ spec }) => String(spec.orchestrator ?? '')),
    ageTableColumn,
  ],
  example: {
    kind: 'WorkloadEndpoint',
    apiVersion,
    metadata: { name: 'node--7-cni-7f3a9c21d0b4-eth0', namespace: 'prod', labels: { app: 'db' } },
    spec: {
      orchestrator: 'cni',
      node: 'node-7',
      containerID: '7f3a9c21d0b4',
      endpoint: 'eth0',
      ipNetworks: ['10.77.3.65/32'],
      profiles: ['prod-base'],
      interfaceName: 'cali8c1d22e90ab',
      mac: 'ee:ee:ee:ee:ee:ee',
      ports: [{ name: 'pg', protocol: 'TCP', port: 5432, hostPort: 0, hostIP: '' }],
    },
  },
});

function portSchema() {
  return object(
    {
      name: always(
        text({
          shape: /^(?:|(?=.{1,15}$)(?=.*[a-z])[a-z0-9](?:-?[a-z0-9])*)$/,
          check: (value) => (value === '' ? undefined : checkEndpointPortName(value)),
        }),
      ),
      protocol: always(portProtocolSchema),
      port: always(portNumberSchema),
      hostPort: always(integer(0, 65535)),
      hostIP: always(
        text({ format: 'cidr-or-ip', check: (value) => (value === '' ? undefined : netSchema().check!(value)) }),
      ),
    },
    { required: ['protocol', 'port'] },
  );
}

type LegibleEndpoint = Legible<WorkloadEndpointSpec>;

function checkEndpoint({ metadata, spec: given }: Subject): Problem[] {
  const spec: LegibleEndpoint = given;
  return [...checkName(metadata.name ?? '', spec), ...checkNats(spec), ...checkPorts(spec)];
}

/** The name must be the computed one; what keeps it from being computed is a problem of the identifiers. */
function checkName(name: string, spec: LegibleEndpoint): Problem[] {
  const unfit = unfitIdentifiers(spec);
  const problems = unfit.flatMap(({ field, message }) =>
    spec[field] === null || message === undefined ? [] : [problemOf(`spec.${field}`, message, spec[field])],
  );
  if (unfit.length > 0 || name === '') return problems;
  const computed = workloadEndpointName(spec as WorkloadEndpointSpec);
  return !computed.ok || computed.name === name
    ? []
    : [problemOf('metadata.name', `must be ${computed.name}, as its identifiers say`, name)];
}

function checkNats(spec: LegibleEndpoint): Problem[] {
  return (spec.ipNATs ?? []).flatMap((nat, i) => {
    const internal = parseAddress(nat?.internalIP ?? '');
    const external = parseAddress(nat?.externalIP ?? '');
    if (internal === undefined) return [];
    const problems: Problem[] = [];
    if (external !== undefined && internal.family !== external.family) {
      problems.push(
        problemOf(`spec.ipNATs[${i}].externalIP`, 'must be of the same family as internalIP', nat?.externalIP),
      );
    }
    if (!mayHold(spec.ipNetworks, internal)) {
      problems.push(problemOf(`spec.ipNATs[${i}].internalIP`, 'must be one of ipNetworks', nat?.internalIP));
    }
    return problems;
  });
}

/** True also while one of the networks cannot be read: it may be the one. */
function mayHold(networks: LegibleEndpoint['ipNetworks'], address: Address): boolean {
  if (networks === null) return true;
  return (networks ?? []).some((network) => {
    const prefix = parsePrefixOrAddress(network ?? '');
    return prefix === undefined || contains(prefix, address);
  });
}

function checkPorts(spec: LegibleEndpoint): Problem[] {
  return (spec.ports ?? []).flatMap((port, i) =>
    port?.name === '' && port.hostPort === 0
      ? [problemOf(`spec.ports[${i}].name`, 'is required without hostPort')]
      : [],
  );
}

function workloadColumn() {
  return {
    heading: 'WORKLOAD',
    cell: (resource: Resource) => String(resource.spec.workload ?? resource.spec.pod ?? ''),
  };
}

function networksColumn() {
  return { heading: 'NETWORKS', cell: (resource: Resource) => joined(resource.spec.ipNetworks) };
}

/** As Go prints structs: `{10.77.3.65 192.0.2.1}`. */
function printNats(resource: Resource): string {
  const spec: WorkloadEndpointSpec = resource.spec;
  return (spec.ipNATs ?? []).map((nat) => `{${nat.internalIP} ${nat.externalIP}}`).join(',');
}
