/** What GlobalNetworkSet and NetworkSet share. Pure. */
import { described, object, setOf } from '../../lib/schema.ts';
import { ageTableColumn, joinedAndCut, nameColumn, nameTableColumn, wideTableColumn } from '../columns.ts';
import type { KindDefinition } from '../define.ts';
import { cidrOrIpSchema } from './address.ts';

/** A set must not claim a namespace by a label. */
export const networkSetReservedLabels = ['projectcalico.org/namespace'];

/** Schema of `spec`. */
export const networkSetSchema = object({
  nets: described('Addresses and prefixes of the set.', setOf(cidrOrIpSchema())),
});

/** calicoctl's columns. */
export const networkSetColumns: KindDefinition['columns'] = {
  ps: [nameColumn],
  wide: [nameColumn, { heading: 'NETS', cell: (resource) => joinedAndCut(resource.spec.nets) }],
};

/** Kubernetes Table columns. */
export const networkSetTableColumns: KindDefinition['tableColumns'] = [
  nameTableColumn,
  wideTableColumn('Nets', 'Addresses and prefixes of the set.', ({ spec }) => joinedAndCut(spec.nets)),
  ageTableColumn,
];
