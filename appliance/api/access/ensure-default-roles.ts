/**
 * Puts the default roles and bindings into the store, and back into them what has been taken out; what was added stays. I/O.
 * Safe to run at any time and by several programs at once. Source: Kubernetes documentation, "Auto-reconciliation".
 */
import { isDeepStrictEqual } from 'node:util';
import { autoUpdateAnnotation, type DefaultRole, defaultRoles } from '../../access/default-roles.ts';
import { missingRights } from '../../access/escalation.ts';
import type { PolicyRule } from '../../access/rule.ts';
import type { Resources } from '../../datastore/resources.ts';
import { hasCode } from '../../lib/errors.ts';
import { kindOf } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';

const group = 'rbac.authorization.k8s.io';
const apiVersion = `${group}/v1`;

type Members = Readonly<Record<string, unknown>>;

/** Creates what is missing, completes what is incomplete. */
export async function ensureDefaultRoles(resources: Resources): Promise<void> {
  for (const role of defaultRoles) {
    await ensure(resources, 'ClusterRole', role.name, { rules: role.rules }, (stored) => completeRules(stored, role));
    const binding = bindingOf(role);
    await ensure(resources, 'ClusterRoleBinding', role.name, binding, (stored) => completeSubjects(stored, binding));
  }
}

function bindingOf({ name, group: subject }: DefaultRole) {
  return {
    subjects: [{ kind: 'Group', apiGroup: group, name: subject }],
    roleRef: { apiGroup: group, kind: 'ClusterRole', name },
  };
}

/** `complete` gives the members as they should be. */
async function ensure(
  resources: Resources,
  kind: 'ClusterRole' | 'ClusterRoleBinding',
  name: string,
  members: Members,
  complete: (stored: Members) => Members,
): Promise<void> {
  const metadata = {
    name,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
    annotations: { [autoUpdateAnnotation]: 'true' },
  };
  const ref = { kind: kindOf(kind)!, namespace: '', name };
  const create = () => unlessOvertaken(resources.create({ kind, apiVersion, metadata, ...members }));
  if ((await create()) !== undefined) return;
  try {
    await resources.modify(ref, (stored) => {
      if (stored.metadata.annotations?.[autoUpdateAnnotation] === 'false') return stored;
      return { ...stored, ...complete(membersOf(stored)) };
    });
  } catch (error) {
    // a binding of this name to another role, or an object nobody can read: the place is the default's
    if (hasCode(error, 'RESOURCE_NOT_FOUND')) return;
    if (!hasCode(error, 'RESOURCE_INVALID') && !hasCode(error, 'RESOURCE_UNREADABLE')) throw error;
    await unlessOvertaken(resources.delete(ref));
    await create();
  }
}

/** Undefined when it is there already, or gone: another program does the same. */
async function unlessOvertaken<T>(doing: Promise<T>): Promise<T | undefined> {
  try {
    return await doing;
  } catch (error) {
    if (hasCode(error, 'RESOURCE_EXISTS') || hasCode(error, 'RESOURCE_NOT_FOUND')) return undefined;
    throw error;
  }
}

function completeRules({ rules = [] }: Members, role: DefaultRole): Members {
  const stored = rules as readonly PolicyRule[];
  return { rules: [...stored, ...role.rules.filter((rule) => missingRights(stored, [rule]).length > 0)] };
}

function completeSubjects({ subjects = [] }: Members, binding: ReturnType<typeof bindingOf>): Members {
  const stored = subjects as readonly object[];
  const missing = binding.subjects.filter((one) => !stored.some((other) => isDeepStrictEqual(other, one)));
  return { roleRef: binding.roleRef, subjects: [...stored, ...missing] };
}

function membersOf(resource: Resource): Members {
  return resource as unknown as Members;
}
