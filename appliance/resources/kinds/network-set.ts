/** NetworkSet. Pure. */
import { defineKind } from '../define.ts';
import {
  networkSetColumns,
  networkSetReservedLabels,
  networkSetSchema,
  networkSetTableColumns,
} from '../fields/network-set.ts';
import { apiVersion } from '../resource.ts';

export const networkSet = defineKind({
  kind: 'NetworkSet',
  plural: 'networksets',
  singular: 'networkset',
  isNamespaced: true,
  aliases: ['networkset', 'networksets', 'netsets'],
  shortNames: ['netset', 'netsets'],
  description: 'Addresses outside the appliance, given labels so that selectors of one namespace can match them.',
  spec: networkSetSchema,
  reservedLabels: networkSetReservedLabels,
  columns: networkSetColumns,
  tableColumns: networkSetTableColumns,
  example: {
    kind: 'NetworkSet',
    apiVersion,
    metadata: { name: 'cache', namespace: 'prod', labels: { net: 'cache' } },
    spec: { nets: ['192.0.2.0/24', '198.51.100.9'] },
  },
});
