/** ClusterInformation. Pure. The store's own record of itself; people read it only. */
import { boolean, described, object, present, text } from '../../lib/schema.ts';
import { calicoVersion } from '../calico-version.ts';
import {
  ageTableColumn,
  goNil,
  nameColumn,
  nameTableColumn,
  specColumn,
  specTableColumn,
  wideTableColumn,
} from '../columns.ts';
import { defineKind } from '../define.ts';
import { checkDefaultName } from '../fields/name.ts';
import { apiVersion } from '../resource.ts';

const columns = [
  nameColumn,
  specColumn('CLUSTERGUID', 'clusterGUID'),
  specColumn('CLUSTERTYPE', 'clusterType'),
  specColumn('CALICOVERSION', 'calicoVersion'),
  specColumn('DATASTOREREADY', 'datastoreReady', goNil),
];

export const clusterInformation = defineKind({
  kind: 'ClusterInformation',
  plural: 'clusterinformations',
  singular: 'clusterinformation',
  isNamespaced: false,
  aliases: ['clusterinformation', 'clusterinformations', 'clusterinfo', 'clusterinfos'],
  shortNames: ['clusterinfo', 'clusterinfos'],
  isReadOnly: true,
  description:
    'What the store is and whether agents may use it. The one object is named `default`; agents wait while it is not ready.',
  spec: object({
    clusterGUID: described('Identity of the store: 32 hex digits.', text()),
    clusterType: described('What the hosts run, as a list joined by commas.', text()),
    calicoVersion: described(
      'Release of Calico that wrote the store last; clients of another one refuse it, so the appliance writes none.',
      text(),
    ),
    datastoreReady: described('False while the store is being migrated.', present(boolean())),
    variant: described('Edition that wrote the store.', text()),
  }),
  checkName: checkDefaultName,
  columns: { ps: columns, wide: columns, extra: [specColumn('VARIANT', 'variant')] },
  tableColumns: [
    nameTableColumn,
    specTableColumn('Version', 'calicoVersion', 'Version that wrote the store last.'),
    specTableColumn('Ready', 'datastoreReady', 'Whether agents may use the store.', 'boolean'),
    specTableColumn('Types', 'clusterType', 'What the hosts run.'),
    wideTableColumn('GUID', 'Identity of the store.', ({ spec }) => String(spec.clusterGUID ?? '')),
    ageTableColumn,
  ],
  example: {
    kind: 'ClusterInformation',
    apiVersion,
    metadata: { name: 'default' },
    spec: {
      clusterGUID: '5f0e7a9b3c1d4e2f8a6b7c9d0e1f2a3b',
      clusterType: 'bgp',
      calicoVersion,
      datastoreReady: true,
    },
  },
});
