/** IPReservation. Pure. */
import { described, list, object } from '../../lib/schema.ts';
import { ageTableColumn, joinedAndCut, nameColumn, nameTableColumn, wideTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { cidrSchema } from '../fields/address.ts';
import { apiVersion } from '../resource.ts';

export const ipReservation = defineKind({
  kind: 'IPReservation',
  plural: 'ipreservations',
  singular: 'ipreservation',
  isNamespaced: false,
  aliases: ['ipreservation', 'ipreservations', 'reservation', 'reservations'],
  shortNames: [],
  description: 'Addresses that are not given out unasked. What is in use stays in use.',
  spec: object({ reservedCIDRs: described('The addresses, as prefixes.', list(cidrSchema())) }),
  columns: {
    ps: [nameColumn],
    wide: [nameColumn, { heading: 'CIDRS', cell: (resource) => joinedAndCut(resource.spec.reservedCIDRs) }],
  },
  tableColumns: [
    nameTableColumn,
    wideTableColumn('CIDRs', 'Addresses that are not given out.', ({ spec }) => joinedAndCut(spec.reservedCIDRs)),
    ageTableColumn,
  ],
  example: {
    kind: 'IPReservation',
    apiVersion,
    metadata: { name: 'gateways' },
    spec: { reservedCIDRs: ['10.77.0.0/30'] },
  },
});
