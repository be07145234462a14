/** What roles and bindings are made of: schemas, checks, defaults, columns. Pure. Source: Kubernetes' RBAC API and its validation. */
import type { Problem } from '../../lib/problem.ts';
import { described, list, object, text } from '../../lib/schema.ts';
import { nameTableColumn } from '../columns.ts';
import type { TableColumn } from '../define.ts';
import type { Subject } from '../legible.ts';
import { isRecord, problemOf } from '../read.ts';
import type { Resource } from '../resource.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

const words = (description: string) => described(description, list(text()));

const policyRule = object({
  verbs: words('`get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; `*` for all.'),
  apiGroups: words('Groups of the resources; empty text for the core group, `*` for all.'),
  resources: words('Plural names, `plural/subresource`, `tier.plural` for policies in tiers; `*` for all.'),
  resourceNames: words(
    'Only objects of these names; absent: all. Of `tier.plural`: `TIER.*`, or the name of a policy.',
  ),
  nonResourceURLs: words('Paths that are no resources, as `/version`; a `*` at the end stands for any rest.'),
});

export const roleMembers = object({ rules: described('What may be done.', list(policyRule)) });

export const clusterRoleMembers = object({
  ...roleMembers.properties,
  aggregationRule: described('Not supported: roles are not put together from others.', { type: 'any' }),
});

const subject = object({
  kind: described('User, Group or ServiceAccount.', text({ enum: ['User', 'Group', 'ServiceAccount'] })),
  apiGroup: text(),
  name: text(),
  namespace: described('Of a ServiceAccount.', text()),
});

const roleRef = object({
  apiGroup: text(),
  kind: described('ClusterRole, or Role in a RoleBinding. Cannot be changed.', text()),
  name: text(),
});

export const bindingMembers = object(
  {
    subjects: described('Who.', list(subject)),
    roleRef: described('The role they have. Cannot be changed.', roleRef),
  },
  { required: ['roleRef'] },
);

type Read = Readonly<Record<string, unknown>>;

/** Rules of a ClusterRole. */
export function checkClusterRole({ spec }: Subject): Problem[] {
  const problems = records(spec.rules).flatMap((rule, i) => checkRule(rule, `rules[${i}]`, false));
  if (spec.aggregationRule === undefined) return problems;
  return [...problems, problemOf('aggregationRule', 'is not supported; write the rules out')];
}

/** Rules of a Role: paths are not in any namespace. */
export function checkRole({ spec }: Subject): Problem[] {
  return records(spec.rules).flatMap((rule, i) => checkRule(rule, `rules[${i}]`, true));
}

function checkRule(rule: Read | null, path: string, isNamespaced: boolean): Problem[] {
  if (rule === null) return [];
  const has = (field: string) => rule[field] !== undefined;
  const needs = (field: string) => (has(field) ? [] : [problemOf(`${path}.${field}`, 'needs at least one entry')]);
  if (!has('nonResourceURLs')) return ['verbs', 'apiGroups', 'resources'].flatMap(needs);
  const problems = needs('verbs');
  if (isNamespaced)
    problems.push(problemOf(`${path}.nonResourceURLs`, 'must be absent: a Role is about objects of its namespace'));
  for (const field of ['apiGroups', 'resources', 'resourceNames'])
    if (has(field)) problems.push(problemOf(`${path}.${field}`, 'cannot stand beside nonResourceURLs'));
  for (const [i, url] of listOf(rule.nonResourceURLs).entries())
    if (typeof url === 'string' && (!/^(\/|\*$)/.test(url) || url.slice(0, -1).includes('*')))
      problems.push(problemOf(`${path}.nonResourceURLs[${i}]`, "must begin with '/', with '*' at its end only", url));
  return problems;
}

/** Subjects and role of a ClusterRoleBinding. */
export function checkClusterRoleBinding({ spec }: Subject): Problem[] {
  return checkBinding(spec, ['ClusterRole']);
}

/** Subjects and role of a RoleBinding. */
export function checkRoleBinding({ spec }: Subject): Problem[] {
  return checkBinding(spec, ['Role', 'ClusterRole']);
}

function checkBinding(spec: Read, kinds: readonly string[]): Problem[] {
  return [
    ...checkRoleRef(spec.roleRef, kinds),
    ...records(spec.subjects).flatMap((one, i) => (one === null ? [] : checkSubject(one, `subjects[${i}]`))),
  ];
}

function checkRoleRef(ref: unknown, kinds: readonly string[]): Problem[] {
  if (ref === undefined) return [problemOf('roleRef', 'is required')];
  if (!isRecord(ref)) return [];
  const { apiGroup, kind, name } = ref;
  const problems: Problem[] = [];
  if (apiGroup !== undefined && apiGroup !== null && apiGroup !== rbacGroup)
    problems.push(problemOf('roleRef.apiGroup', `must be ${rbacGroup}`, apiGroup));
  if (kind !== null && !kinds.includes(String(kind)))
    problems.push(problemOf('roleRef.kind', `must be ${kinds.join(' or ')}`, kind));
  if (name === undefined) problems.push(problemOf('roleRef.name', 'is required'));
  return problems;
}

function checkSubject({ kind, apiGroup, name, namespace }: Read, path: string): Problem[] {
  const problems: Problem[] = [];
  if (kind === undefined) problems.push(problemOf(`${path}.kind`, 'is required'));
  if (name === undefined) problems.push(problemOf(`${path}.name`, 'is required'));
  const isAccount = kind === 'ServiceAccount';
  if (isAccount && namespace === undefined) problems.push(problemOf(`${path}.namespace`, 'is required'));
  const group = isAccount ? '' : rbacGroup;
  if (typeof kind === 'string' && typeof apiGroup === 'string' && apiGroup !== group)
    problems.push(problemOf(`${path}.apiGroup`, isAccount ? 'must be absent' : `must be ${group}`, apiGroup));
  return problems;
}

/** The group of roles, users and groups may be left out. */
export function applyBindingDefaults(resource: Resource): void {
  const binding = resource as unknown as { roleRef: Read; subjects?: Read[] };
  binding.roleRef = { ...binding.roleRef, apiGroup: rbacGroup };
  if (binding.subjects === undefined) return;
  binding.subjects = binding.subjects.map((one) =>
    one.kind === 'ServiceAccount' ? one : { ...one, apiGroup: rbacGroup },
  );
}

export const createdTableColumn: TableColumn = {
  name: 'Created At',
  type: 'string',
  description: 'When the object was created.',
  priority: 0,
  cell: (resource) => resource.metadata.creationTimestamp ?? null,
};

/** Columns of both bindings, as kubectl shows those of Kubernetes. */
export const bindingTableColumns: readonly TableColumn[] = [
  nameTableColumn,
  {
    name: 'Role',
    type: 'string',
    description: 'The role that is given.',
    priority: 0,
    cell: (resource) => {
      const { kind, name } = (resource as unknown as { roleRef?: Read }).roleRef ?? {};
      return `${kind}/${name}`;
    },
  },
  {
    name: 'Age',
    type: 'date',
    description: 'When the object was created.',
    priority: 0,
    cell: (resource) => resource.metadata.creationTimestamp ?? null,
  },
  subjectColumn('Users', 'User', ({ name }) => String(name)),
  subjectColumn('Groups', 'Group', ({ name }) => String(name)),
  subjectColumn('ServiceAccounts', 'ServiceAccount', ({ namespace, name }) => `${namespace}/${name}`),
];

function subjectColumn(name: string, kind: string, print: (one: Read) => string): TableColumn {
  return {
    name,
    type: 'string',
    description: `${name} that have the role.`,
    priority: 1,
    cell: (resource) =>
      records((resource as unknown as { subjects?: unknown }).subjects)
        .filter((one) => one?.kind === kind)
        .map((one) => print(one!))
        .join(', '),
  };
}

function records(value: unknown): readonly (Read | null)[] {
  return listOf(value).map((item) => (isRecord(item) ? item : null));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
