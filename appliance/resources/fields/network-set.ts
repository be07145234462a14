/** What GlobalNetworkSet and NetworkSet share. Pure. */
import type { Problem } from '../../lib/problem.ts';
import { described, list, object } from '../../lib/schema.ts';
import { ageTableColumn, joinedAndCut, nameColumn, nameTableColumn } from '../columns.ts';
import type { KindDefinition } from '../define.ts';
import { problemOf } from '../read.ts';
import type { Resource } from '../resource.ts';
import { cidrOrIpSchema } from './address.ts';

const namespaceLabel = 'projectcalico.org/namespace';

/** Schema of `spec`. */
export const networkSetSchema = object({
  nets: described('Addresses and prefixes of the set.', list(cidrOrIpSchema())),
});

/** A set must not claim a namespace by a label: that label is the appliance's own. */
export function checkSetLabels(resource: Resource): Problem[] {
  return resource.metadata.labels?.[namespaceLabel] === undefined
    ? []
    : [problemOf(`metadata.labels["${namespaceLabel}"]`, 'is set by the appliance and must be absent')];
}

/** calicoctl's columns. */
export const networkSetColumns: KindDefinition['columns'] = {
  ps: [nameColumn],
  wide: [nameColumn, { heading: 'NETS', cell: (resource) => joinedAndCut(resource.spec.nets) }],
};

/** Kubernetes Table columns. */
export const networkSetTableColumns: KindDefinition['tableColumns'] = [nameTableColumn, ageTableColumn];
