/**
 * All roles and bindings, by subject: what an identity has is found without looking at anybody else's bindings. Pure; whoever follows the
 * store keeps it up to date, in any order: a binding to a role that is not there gives nothing until it is.
 */
import type { Grant } from './grant.ts';
import { administrators, type Identity } from './identity.ts';
import type { PolicyRule } from './rule.ts';

export interface RoleRef {
  readonly kind: string;
  readonly name: string;
}

export interface BindingSubject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

interface Binding {
  readonly namespace: string;
  readonly roleRef: RoleRef;
  readonly subjects: readonly string[];
}

/** Whoever is in this group can do everything, whatever is stored: nobody locks the administrator out. */
const everything: Grant = {
  role: 'cluster-admin',
  namespace: '',
  rules: [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ],
};

export class AccessTable {
  readonly #roles = new Map<string, readonly PolicyRule[]>();
  readonly #bindings = new Map<string, Binding>();
  readonly #bySubject = new Map<string, Set<Binding>>();

  /** `namespace` is empty for a ClusterRole; without rules it is gone. */
  setRole(namespace: string, name: string, rules: readonly PolicyRule[] | undefined): void {
    if (rules === undefined) this.#roles.delete(keyOf(namespace, name));
    else this.#roles.set(keyOf(namespace, name), rules);
  }

  /** `namespace` is empty for a ClusterRoleBinding; without content it is gone. */
  setBinding(
    namespace: string,
    name: string,
    content: { readonly roleRef: RoleRef; readonly subjects: readonly BindingSubject[] } | undefined,
  ): void {
    const key = keyOf(namespace, name);
    const before = this.#bindings.get(key);
    if (before !== undefined) this.#forget(key, before);
    if (content === undefined) return;
    const subjects = [...new Set(content.subjects.map(subjectKey))];
    const binding = { namespace, roleRef: content.roleRef, subjects };
    this.#bindings.set(key, binding);
    for (const subject of subjects) {
      const all = this.#bySubject.get(subject);
      if (all === undefined) this.#bySubject.set(subject, new Set([binding]));
      else all.add(binding);
    }
  }

  /** The rules of a role; undefined when there is none. A binding in a namespace may name a Role there. */
  rulesOf({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    return this.#roles.get(keyOf(kind === 'Role' ? namespace : '', name));
  }

  /** Everything an identity has been given. */
  grantsOf({ user, groups }: Identity): readonly Grant[] {
    const grants: Grant[] = groups.includes(administrators) ? [everything] : [];
    for (const subject of [`User ${user}`, ...groups.map((group) => `Group ${group}`)]) {
      for (const { namespace, roleRef } of this.#bySubject.get(subject) ?? []) {
        const rules = this.rulesOf(roleRef, namespace);
        if (rules !== undefined) grants.push({ role: roleRef.name, namespace, rules });
      }
    }
    return grants;
  }

  #forget(key: string, binding: Binding): void {
    this.#bindings.delete(key);
    for (const subject of binding.subjects) {
      const all = this.#bySubject.get(subject)!;
      all.delete(binding);
      if (all.size === 0) this.#bySubject.delete(subject);
    }
  }
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** A service account is a user with a name of its own form. */
function subjectKey({ kind, name, namespace = '' }: BindingSubject): string {
  return kind === 'ServiceAccount' ? `User system:serviceaccount:${namespace}:${name}` : `${kind} ${name}`;
}
