/** ClusterRole: what may be done, everywhere. Pure. Source: Kubernetes API reference, rbac.authorization.k8s.io/v1. */
import { object } from '../../lib/schema.ts';
import { nameColumn, nameTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { checkClusterRole, clusterRoleMembers, createdTableColumn, rbacGroup } from '../fields/rbac.ts';
import type { Resource } from '../resource.ts';

const example = {
  kind: 'ClusterRole',
  apiVersion: `${rbacGroup}/v1`,
  metadata: { name: 'pool-reader' },
  rules: [{ verbs: ['get', 'list', 'watch'], apiGroups: ['projectcalico.org'], resources: ['ippools'] }],
};

export const clusterRole = defineKind({
  kind: 'ClusterRole',
  group: rbacGroup,
  plural: 'clusterroles',
  singular: 'clusterrole',
  isNamespaced: false,
  aliases: [],
  shortNames: [],
  description: 'Rules of what may be done. A ClusterRoleBinding gives them everywhere, a RoleBinding in its namespace.',
  spec: object({}),
  members: clusterRoleMembers,
  nameRule: 'segment',
  check: checkClusterRole,
  columns: { ps: [nameColumn], wide: [nameColumn] },
  tableColumns: [nameTableColumn, createdTableColumn],
  example: example as unknown as Resource,
});
