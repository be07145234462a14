/** HostEndpoint. Pure. */

import type { Problem } from '../../lib/problem.ts';
import { always, atomicList, described, object, setOf } from '../../lib/schema.ts';
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
import { endpointPortNameSchema, interfaceSchema } from '../fields/interface-name.ts';
import { nameSchema } from '../fields/name.ts';
import { portNumberSchema, portProtocolSchema } from '../fields/scalars.ts';
import type { Subject } from '../legible.ts';
import { problemOf } from '../read.ts';
import { apiVersion } from '../resource.ts';

export const hostEndpoint = defineKind({
  kind: 'HostEndpoint',
  plural: 'hostendpoints',
  singular: 'hostendpoint',
  isNamespaced: false,
  aliases: ['hostendpoint', 'hostendpoints', 'hep', 'heps'],
  shortNames: ['hep', 'heps'],
  description: 'A network interface of a host, or all of them, made subject to policy.',
  spec: object(
    {
      node: described('Host the interface belongs to.', nameSchema),
      interfaceName: described("Interface by its name, or '*' for all.", interfaceSchema),
      expectedIPs: described('Interface by the addresses it has.', setOf(ipSchema())),
      profiles: described('Profiles whose rules and labels the endpoint gets.', setOf(nameSchema)),
      ports: described(
        'Named ports for rules to refer to.',
        atomicList(
          object(
            {
              name: always(endpointPortNameSchema),
              protocol: always(portProtocolSchema),
              port: always(portNumberSchema),
            },
            { required: ['name', 'protocol', 'port'] },
          ),
        ),
      ),
    },
    { required: ['node'] },
  ),
  check: checkInterface,
  columns: {
    ps: [nameColumn, specColumn('NODE', 'node')],
    wide: [
      nameColumn,
      specColumn('NODE', 'node'),
      specColumn('INTERFACE', 'interfaceName'),
      { heading: 'IPS', cell: (resource) => joined(resource.spec.expectedIPs) },
      { heading: 'PROFILES', cell: (resource) => joined(resource.spec.profiles) },
    ],
  },
  tableColumns: [
    nameTableColumn,
    specTableColumn('Node', 'node', 'Host the interface belongs to.'),
    specTableColumn('Interface', 'interfaceName', 'Interface by its name.'),
    wideTableColumn('IPs', 'Interface by the addresses it has.', ({ spec }) => joined(spec.expectedIPs)),
    wideTableColumn('Profiles', 'Profiles whose rules the endpoint gets.', ({ spec }) => joined(spec.profiles)),
    ageTableColumn,
  ],
  example: {
    kind: 'HostEndpoint',
    apiVersion,
    metadata: { name: 'node-7-eth0', labels: { role: 'edge' } },
    spec: {
      node: 'node-7',
      interfaceName: 'eth0',
      expectedIPs: ['10.9.0.7'],
      profiles: ['projectcalico-default-allow'],
      ports: [{ name: 'ssh', protocol: 'TCP', port: 22 }],
    },
  },
});

function checkInterface({ spec }: Subject): Problem[] {
  const { interfaceName, expectedIPs } = spec;
  return interfaceName === undefined && expectedIPs === undefined
    ? [problemOf('spec.interfaceName', 'interfaceName or expectedIPs is required')]
    : [];
}
