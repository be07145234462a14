/** ServiceAccount: a name for a program. Pure. Source: Kubernetes API reference, core/v1 ServiceAccount. */
import { boolean, described, list, object, present, text } from '../../lib/schema.ts';
import { ageTableColumn, nameColumn, nameTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import type { Resource } from '../resource.ts';

const objectReference = object({
  kind: text(),
  namespace: text(),
  name: text(),
  uid: text(),
  apiVersion: text(),
  resourceVersion: text(),
  fieldPath: text(),
});

const example = { kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'provisioner', namespace: 'default' } };

export const serviceAccount = defineKind({
  kind: 'ServiceAccount',
  group: '',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  isNamespaced: true,
  aliases: [],
  shortNames: ['sa'],
  description:
    'A name for a program. It acts as `system:serviceaccount:NAMESPACE:NAME`; roles are bound to it as to anybody.',
  spec: object({}),
  members: object({
    secrets: described('Taken from manifests, without effect: no secrets are kept here.', list(objectReference)),
    imagePullSecrets: described('Taken from manifests, without effect.', list(object({ name: text() }))),
    automountServiceAccountToken: described('Taken from manifests, without effect.', present(boolean())),
  }),
  columns: { ps: [nameColumn], wide: [nameColumn] },
  tableColumns: [
    nameTableColumn,
    {
      name: 'Secrets',
      type: 'string',
      description: 'Secrets named by the account.',
      priority: 0,
      cell: (resource) => secretsOf(resource).length,
    },
    ageTableColumn,
  ],
  example: example as Resource,
});

function secretsOf(resource: object): readonly unknown[] {
  const { secrets } = resource as { secrets?: unknown };
  return Array.isArray(secrets) ? secrets : [];
}
