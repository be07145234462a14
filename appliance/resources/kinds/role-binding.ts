/** RoleBinding: who may do what a role says, in a namespace. Pure. Source: Kubernetes API reference, rbac.authorization.k8s.io/v1. */
import { object } from '../../lib/schema.ts';
import { nameColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import {
  applyBindingDefaults,
  bindingMembers,
  bindingTableColumns,
  checkRoleBinding,
  rbacGroup,
} from '../fields/rbac.ts';
import type { Resource } from '../resource.ts';

const example = {
  kind: 'RoleBinding',
  apiVersion: `${rbacGroup}/v1`,
  metadata: { name: 'shop-team', namespace: 'shop' },
  subjects: [{ kind: 'Group', apiGroup: rbacGroup, name: 'shop' }],
  roleRef: { apiGroup: rbacGroup, kind: 'Role', name: 'sets-of-shop' },
};

export const roleBinding = defineKind({
  kind: 'RoleBinding',
  group: rbacGroup,
  plural: 'rolebindings',
  singular: 'rolebinding',
  isNamespaced: true,
  aliases: [],
  shortNames: [],
  description: 'Gives what a Role or ClusterRole allows to users, groups and service accounts, in its namespace.',
  spec: object({}),
  members: bindingMembers,
  nameRule: 'segment',
  applyDefaults: applyBindingDefaults,
  check: checkRoleBinding,
  columns: { ps: [nameColumn], wide: [nameColumn] },
  tableColumns: bindingTableColumns,
  example: example as unknown as Resource,
});
