/** ClusterRoleBinding: who may do what a role says, everywhere. Pure. Source: Kubernetes API reference, rbac.authorization.k8s.io/v1. */
import { object } from '../../lib/schema.ts';
import { nameColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import {
  applyBindingDefaults,
  bindingMembers,
  bindingTableColumns,
  checkClusterRoleBinding,
  rbacGroup,
} from '../fields/rbac.ts';
import type { Resource } from '../resource.ts';

const example = {
  kind: 'ClusterRoleBinding',
  apiVersion: `${rbacGroup}/v1`,
  metadata: { name: 'pool-readers' },
  subjects: [{ kind: 'Group', apiGroup: rbacGroup, name: 'staff' }],
  roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'pool-reader' },
};

export const clusterRoleBinding = defineKind({
  kind: 'ClusterRoleBinding',
  group: rbacGroup,
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  isNamespaced: false,
  aliases: [],
  shortNames: [],
  description:
    'Gives what a ClusterRole allows to users, groups and service accounts, in all namespaces and outside of them.',
  spec: object({}),
  members: bindingMembers,
  nameRule: 'segment',
  applyDefaults: applyBindingDefaults,
  check: checkClusterRoleBinding,
  columns: { ps: [nameColumn], wide: [nameColumn] },
  tableColumns: bindingTableColumns,
  example: example as unknown as Resource,
});
