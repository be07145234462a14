/** IPAMConfiguration. Pure. The address manager itself reads another key of the store; the API keeps the two in step. */
import { always, boolean, described, integer, object, oneOf, present } from '../../lib/schema.ts';
import { ageTableColumn, nameColumn, nameTableColumn, specColumn, specTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { checkDefaultName } from '../fields/name.ts';
import { apiVersion } from '../resource.ts';

const affinity = [
  specColumn('STRICTAFFINITY', 'strictAffinity'),
  specColumn('AUTOALLOCATEBLOCKS', 'autoAllocateBlocks'),
];

export const ipamConfiguration = defineKind({
  kind: 'IPAMConfiguration',
  plural: 'ipamconfigurations',
  singular: 'ipamconfiguration',
  isNamespaced: false,
  aliases: ['ipamconfiguration', 'ipamconfigurations', 'ipamconfig', 'ipamconfigs'],
  shortNames: ['ipamconfig', 'ipamconfigs'],
  description: 'How addresses are managed: the one object is named `default`.',
  spec: object({
    strictAffinity: described('Hosts take addresses from their own blocks only.', always(boolean({ default: false }))),
    maxBlocksPerHost: described(
      'Blocks a host may have; 0 is no limit of its own.',
      integer(0, 1_000_000, { default: 0 }),
    ),
    autoAllocateBlocks: described('Hosts get blocks when they need them.', always(boolean({ default: true }))),
    kubeVirtVMAddressPersistence: described(
      'Whether virtual machines keep their addresses.',
      present(oneOf(['Enabled', 'Disabled'])),
    ),
    ipCooldownSeconds: described('How long a released address rests.', integer(0, 1_200)),
  }),
  checkName: (name) => checkDefaultName(name, 'create'),
  columns: {
    ps: [nameColumn, ...affinity],
    wide: [nameColumn, ...affinity, specColumn('MAXBLOCKSPERHOST', 'maxBlocksPerHost', '0')],
    extra: [specColumn('IPCOOLDOWNSECONDS', 'ipCooldownSeconds', '0')],
  },
  tableColumns: [
    nameTableColumn,
    specTableColumn(
      'StrictAffinity',
      'strictAffinity',
      'Whether hosts take addresses from their own blocks only.',
      'boolean',
    ),
    specTableColumn('MaxBlocksPerHost', 'maxBlocksPerHost', 'Blocks a host may have.', 'integer'),
    specTableColumn(
      'AutoAllocateBlocks',
      'autoAllocateBlocks',
      'Whether hosts get blocks when they need them.',
      'boolean',
    ),
    ageTableColumn,
  ],
  example: {
    kind: 'IPAMConfiguration',
    apiVersion,
    metadata: { name: 'default' },
    spec: { strictAffinity: false, autoAllocateBlocks: true, kubeVirtVMAddressPersistence: 'Enabled' },
  },
});
