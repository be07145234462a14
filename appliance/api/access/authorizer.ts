/**
 * Who may do what, from the roles and bindings in the store: followed, kept in memory, asked by every request. I/O: watches the store.
 * While the store does not answer, what was last read holds. Before the first reading only administrators are let in.
 */
import { type Decision, decide } from '../../access/decide.ts';
import type { Grant } from '../../access/grant.ts';
import { administrators, type Identity } from '../../access/identity.ts';
import type { Attributes, PolicyRule } from '../../access/rule.ts';
import { AccessTable, type BindingSubject, type RoleRef } from '../../access/table.ts';
import { followStore } from '../../datastore/follow.ts';
import type { Revision, Store } from '../../datastore/store.ts';
import type { Update } from '../../datastore/syncer.ts';
import type { Logger } from '../../lib/log.ts';
import { parseStoreKey, storePrefix } from '../../resources/key.ts';
import { kindOf } from '../../resources/registry.ts';
import { decodeStored } from '../../resources/stored.ts';
import { apiErrors } from '../errors.ts';

export interface Authorizer {
  /** API_NOT_READY before the first reading, except about administrators. */
  decide(identity: Identity, attributes: Attributes): Decision;
  grantsOf(identity: Identity): readonly Grant[];
  /** The rules of a role as it was last read. */
  rulesOf(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined;
  /** Calls after each change, until the function it returns is called. */
  onChange(listener: () => void): () => void;
  /** Resolves when everything in the store up to now is known here, or after a moment all the same. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const settleMsMax = 5_000;
const watchedKinds = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'] as const;

/** Begins to follow `store`. */
export function startAuthorizer(store: Store, log: Logger): Authorizer {
  const table = new AccessTable();
  const listeners = new Set<() => void>();
  const waiting = new Set<() => void>();
  let grants = new WeakMap<Identity, readonly Grant[]>();
  let isReady = false;
  const follower = followStore({
    store,
    prefixes: watchedKinds.map((kind) => storePrefix(kindOf(kind)!)),
    log,
    sink: {
      onStatus(status) {
        if (status === 'in-sync') isReady = true;
        for (const wake of waiting) wake();
      },
      onUpdates(updates) {
        for (const update of updates) take(table, update, log);
        if (updates.length > 0) {
          grants = new WeakMap();
          for (const listener of [...listeners]) listener();
        }
        for (const wake of waiting) wake();
      },
    },
  });
  const grantsOf = (identity: Identity) => {
    const known = grants.get(identity);
    if (known !== undefined) return known;
    const found = table.grantsOf(identity);
    grants.set(identity, found);
    return found;
  };
  return {
    decide(identity, attributes) {
      if (!isReady && !identity.groups.includes(administrators))
        throw apiErrors.fail('API_NOT_READY', 'roles and bindings have not been read yet');
      return decide(identity, grantsOf(identity), attributes);
    },
    grantsOf,
    rulesOf: (ref, namespace) => table.rulesOf(ref, namespace),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async settle() {
      const { current } = await store.revisions();
      await reach(follower, waiting, current, () => isReady);
    },
    close: () => follower.close(),
  };
}

/** For programs that serve nobody but their own administrator: follows nothing. */
export function administratorsOnly(): Authorizer {
  const table = new AccessTable();
  const grantsOf = (identity: Identity) => table.grantsOf(identity);
  return {
    decide: (identity, attributes) => decide(identity, grantsOf(identity), attributes),
    grantsOf,
    rulesOf: () => undefined,
    onChange: () => () => undefined,
    settle: async () => undefined,
    close: async () => undefined,
  };
}

/** Waits until `revision` has been told. */
function reach(
  follower: ReturnType<typeof followStore>,
  waiting: Set<() => void>,
  revision: Revision,
  isReady: () => boolean,
): Promise<void> {
  const isThere = () => isReady() && follower.revision >= revision;
  if (isThere()) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      waiting.delete(wake);
      resolve();
    };
    const timer = setTimeout(end, settleMsMax);
    const wake = () => {
      if (isThere()) end();
    };
    waiting.add(wake);
    follower.requestProgress();
  });
}

/** What cannot be read gives nothing. */
function take(table: AccessTable, { key, value, revision }: Update, log: Logger): void {
  const identity = parseStoreKey(key);
  if (identity === undefined) return;
  const read = value === undefined ? undefined : decodeStored(key, value, revision);
  if (read?.ok === false) log.warn({ key, problems: read.problems }, 'cannot be read, and gives nobody anything');
  const content = read?.ok === true ? (read.value as unknown as Content) : undefined;
  const { kind, namespace = '', name } = identity;
  if (kind.kind === 'Role' || kind.kind === 'ClusterRole')
    table.setRole(namespace, name, content && legibleRules(content.rules));
  else
    table.setBinding(
      namespace,
      name,
      content?.roleRef && { roleRef: content.roleRef, subjects: content.subjects ?? [] },
    );
}

interface Content {
  readonly rules?: readonly Partial<PolicyRule>[];
  readonly roleRef?: RoleRef;
  readonly subjects?: readonly BindingSubject[];
}

function legibleRules(rules: Content['rules'] = []): readonly PolicyRule[] {
  return rules.map((rule) => ({ ...rule, verbs: rule.verbs ?? [] }));
}
