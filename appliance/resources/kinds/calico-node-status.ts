/** CalicoNodeStatus. Pure. A request to a host to report on itself; the host fills the status. */

import { always, described, integer, list, object, oneOf, present, text } from '../../lib/schema.ts';
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
import { nameSchema } from '../fields/name.ts';
import { repeats } from '../fields/repeats.ts';
import { timeSchema } from '../fields/time.ts';
import type { Legible } from '../legible.ts';
import { apiVersion } from '../resource.ts';

const daemon = always(
  object({
    state: oneOf(['Ready', 'NotReady']),
    version: text(),
    routerID: text(),
    lastBootTime: text(),
    lastReconfigurationTime: text(),
  }),
);

const peers = list(
  object({
    peerIP: text(),
    type: oneOf(['NodeMesh', 'NodePeer', 'GlobalPeer']),
    state: oneOf(['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established', 'Close']),
    since: text(),
  }),
);

const routes = list(
  object({
    type: oneOf(['FIB', 'RIB']),
    destination: text(),
    gateway: text(),
    interface: text(),
    learnedFrom: always(
      object({ sourceType: oneOf(['Kernel', 'Static', 'Direct', 'NodeMesh', 'BGPPeer']), peerIP: text() }),
    ),
  }),
);

const status = object(
  {
    lastUpdated: always(timeSchema),
    agent: always(object({ birdV4: daemon, birdV6: daemon })),
    bgp: always(
      object({
        numberEstablishedV4: always(integer()),
        numberNotEstablishedV4: always(integer()),
        numberEstablishedV6: always(integer()),
        numberNotEstablishedV6: always(integer()),
        peersV4: peers,
        peersV6: peers,
      }),
    ),
    routes: always(object({ routesV4: routes, routesV6: routes })),
  },
  { emit: 'always' },
);

export const calicoNodeStatus = defineKind({
  kind: 'CalicoNodeStatus',
  plural: 'caliconodestatuses',
  singular: 'caliconodestatus',
  isNamespaced: false,
  aliases: ['caliconodestatus', 'caliconodestatuses', 'nodestatus', 'nodestatuses'],
  shortNames: ['caliconodestatus'],
  description: 'Asks a host to report the state of its agent, its BGP sessions and its routes.',
  spec: object(
    {
      node: described('The host that reports.', nameSchema),
      classes: described('What it reports.', list(oneOf(['Agent', 'BGP', 'Routes']))),
      updatePeriodSeconds: described('How often; 0 is once.', present(integer(0, 86_400))),
    },
    { required: ['node', 'classes', 'updatePeriodSeconds'] },
  ),
  status,
  check: ({ spec }) => repeats(spec.classes as Legible<string[]>, 'spec.classes'),
  columns: {
    ps: [nameColumn, specColumn('NODE', 'node')],
    wide: [
      nameColumn,
      specColumn('NODE', 'node'),
      { heading: 'CLASSES', cell: (resource) => joined(resource.spec.classes) },
    ],
  },
  tableColumns: [
    nameTableColumn,
    specTableColumn('Node', 'node', 'The host that reports.'),
    specTableColumn('Classes', 'classes', 'What it reports.'),
    wideTableColumn('Interval', 'Seconds between reports.', ({ spec }) => Number(spec.updatePeriodSeconds ?? 0)),
    wideTableColumn('Last Updated', 'When it reported last.', ({ status }) => String(status?.lastUpdated ?? '')),
    ageTableColumn,
  ],
  example: {
    kind: 'CalicoNodeStatus',
    apiVersion,
    metadata: { name: 'node-7-st' },
    spec: { node: 'node-7', classes: ['Agent', 'BGP'], updatePeriodSeconds: 60 },
  },
});
