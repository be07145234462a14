/** LiveMigration. Pure. Tells the agents that a virtual machine is on the move. */
import { described, object, present, text } from '../../lib/schema.ts';
import { ageTableColumn, nameColumn, nameTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { longSelectorSchema } from '../fields/selector.ts';
import { apiVersion } from '../resource.ts';

const workload = { hostname: text(), orchestratorID: text(), workloadID: text() };
const workloadEndpoint = present(object({ ...workload, endpointID: text() }));

export const liveMigration = defineKind({
  kind: 'LiveMigration',
  plural: 'livemigrations',
  singular: 'livemigration',
  isNamespaced: true,
  aliases: [],
  shortNames: [],
  description:
    'A virtual machine on its way from one host to another; its routes are preferred at the target meanwhile.',
  spec: object({
    source: described('What is moving.', present(object({ workload: present(object(workload)), workloadEndpoint }))),
    target: described('What it becomes.', present(object({ selector: present(longSelectorSchema), workloadEndpoint }))),
  }),
  columns: { ps: [nameColumn], wide: [nameColumn] },
  tableColumns: [nameTableColumn, ageTableColumn],
  example: {
    kind: 'LiveMigration',
    apiVersion,
    metadata: { name: 'mig-1', namespace: 'prod' },
    spec: {
      source: { workload: { hostname: 'node-7', orchestratorID: 'k8s', workloadID: 'prod/vm-1' } },
      target: { selector: "vm == '1'" },
    },
  },
});
