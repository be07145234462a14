/** GlobalNetworkSet. Pure. */
import { defineKind } from '../define.ts';
import {
  networkSetColumns,
  networkSetReservedLabels,
  networkSetSchema,
  networkSetTableColumns,
} from '../fields/network-set.ts';
import { apiVersion } from '../resource.ts';

export const globalNetworkSet = defineKind({
  kind: 'GlobalNetworkSet',
  plural: 'globalnetworksets',
  singular: 'globalnetworkset',
  isNamespaced: false,
  aliases: ['globalnetworkset', 'globalnetworksets', 'gnetsets'],
  shortNames: ['gns'],
  description: 'Addresses outside the appliance, given labels so that selectors of every policy can match them.',
  spec: networkSetSchema,
  reservedLabels: networkSetReservedLabels,
  columns: networkSetColumns,
  tableColumns: networkSetTableColumns,
  example: {
    kind: 'GlobalNetworkSet',
    apiVersion,
    metadata: { name: 'partners', labels: { net: 'partners' } },
    spec: { nets: ['192.0.2.0/24', '198.51.100.9'] },
  },
});
