/** Namespace: what namespaced objects are in. Pure. Source: Kubernetes API reference, core/v1 Namespace. */
import { described, list, object, text } from '../../lib/schema.ts';
import { ageTableColumn, nameColumn, nameTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { checkLabel } from '../fields/name.ts';
import type { Resource } from '../resource.ts';

/** The namespace every store has. */
export const defaultNamespace = 'default';

export const namespace = defineKind({
  kind: 'Namespace',
  group: '',
  plural: 'namespaces',
  singular: 'namespace',
  isNamespaced: false,
  isDeletedSingly: true,
  aliases: [],
  shortNames: ['ns'],
  description: 'What namespaced objects are in. One that objects are in is there, whether somebody has made it or not.',
  spec: object({ finalizers: described('Taken from manifests, without effect.', list(text())) }),
  status: object({ phase: described('Always Active.', text()) }),
  checkName: checkLabel,
  applyReadDefaults: beActive,
  columns: { ps: [nameColumn], wide: [nameColumn] },
  tableColumns: [
    nameTableColumn,
    {
      name: 'Status',
      type: 'string',
      description: 'Phase of the namespace.',
      priority: 0,
      cell: ({ status }) => String(status?.phase ?? ''),
    },
    ageTableColumn,
  ],
  example: { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'prod' }, spec: {} },
});

function beActive(resource: Resource): void {
  resource.status = { phase: 'Active' };
}
