/** Role: what may be done in a namespace. Pure. Source: Kubernetes API reference, rbac.authorization.k8s.io/v1. */
import { object } from '../../lib/schema.ts';
import { nameColumn, nameTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { checkRole, createdTableColumn, rbacGroup, roleMembers } from '../fields/rbac.ts';
import type { Resource } from '../resource.ts';

const example = {
  kind: 'Role',
  apiVersion: `${rbacGroup}/v1`,
  metadata: { name: 'sets-of-shop', namespace: 'shop' },
  rules: [{ verbs: ['get', 'list', 'watch'], apiGroups: ['projectcalico.org'], resources: ['networksets'] }],
};

export const role = defineKind({
  kind: 'Role',
  group: rbacGroup,
  plural: 'roles',
  singular: 'role',
  isNamespaced: true,
  aliases: [],
  shortNames: [],
  description: 'Rules of what may be done with the namespaced objects of its namespace, for a RoleBinding to give.',
  spec: object({}),
  members: roleMembers,
  nameRule: 'segment',
  check: checkRole,
  columns: { ps: [nameColumn], wide: [nameColumn] },
  tableColumns: [nameTableColumn, createdTableColumn],
  example: example as unknown as Resource,
});
