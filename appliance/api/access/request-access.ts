/**
 * What one request may touch, object by object, after its route has been let through: policies in tiers, a host's own objects, and roles that give no more
 * than their maker has. Refuses with API_FORBIDDEN and says so in the log.
 */

import { isDeepStrictEqual } from 'node:util';
import { type Decision, decide, printRefusal } from '../../access/decide.ts';
import { missingRights, printRight } from '../../access/escalation.ts';
import type { Identity } from '../../access/identity.ts';
import { isOwnObject } from '../../access/node-rights.ts';
import type { PolicyRule, ResourceAttributes } from '../../access/rule.ts';
import { TierGate, type TierRefusal } from '../../access/tier-gate.ts';
import { tierOf } from '../../datastore/effects/policy.ts';
import { kindByPlural } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import { isTiered } from '../../resources/stored.ts';
import { apiErrors } from '../errors.ts';
import type { Authorizer } from './authorizer.ts';

/** Rights named in a refusal. */
const rightsMax = 5;
/** No tier has this name: only a right to all tiers is a right to it. */
const anyTier = '\0';

export class RequestAccess {
  readonly #authorizer: Authorizer;
  readonly #identity: Identity;
  readonly #wish: ResourceAttributes;
  readonly #decision: Decision;
  readonly #onRefusal: (reason: string) => void;
  readonly #gate: TierGate | undefined;
  readonly #grants;

  constructor(
    authorizer: Authorizer,
    identity: Identity,
    wish: ResourceAttributes,
    decision: Decision,
    onRefusal: (reason: string) => void,
  ) {
    this.#authorizer = authorizer;
    this.#identity = identity;
    this.#wish = wish;
    this.#decision = decision;
    this.#onRefusal = onRefusal;
    this.#grants = authorizer.grantsOf(identity);
    const kind = kindByPlural(wish.resource, wish.group);
    this.#gate =
      kind !== undefined && isTiered(kind)
        ? new TierGate(wish, (attributes) => decide(identity, this.#grants, attributes).isAllowed)
        : undefined;
  }

  /** Refuses a write over what is there or with what is to be there; `current` alone before anything is told of it. Neither: it cannot be read. */
  admit(next: Resource | undefined, current: Resource | undefined): void {
    for (const object of next === undefined ? [current] : [current, next].filter((one) => one !== undefined))
      this.requireVisible(object);
    if (next === undefined) return;
    if (current === undefined && this.#wish.verb !== 'create') this.requireVerb('create');
    if (next.kind === 'Role' || next.kind === 'ClusterRole') this.#refuseEscalation(next, current);
    if (next.kind === 'RoleBinding' || next.kind === 'ClusterRoleBinding') this.#refuseBinding(next, current);
  }

  /** Refuses a request that turns out to do what another verb is for. */
  requireVerb(verb: string): void {
    const wish = { ...this.#wish, verb };
    if (!this.#may(wish)) throw this.#refuse(printRefusal(this.#identity, wish));
  }

  /** True when this object may be shown. */
  isVisible(object: Resource): boolean {
    return this.#gate === undefined || this.#gate.refusal(tierOf(object), object.metadata.name) === undefined;
  }

  /** Refuses an object of a closed tier, and to a host what is not its own; one that cannot be read is nobody's and in no tier. */
  requireVisible(object: Resource | undefined): void {
    if (this.#gate !== undefined) {
      const tier = object === undefined ? anyTier : tierOf(object);
      const refusal = this.#gate.refusal(tier, object?.metadata.name ?? anyTier);
      if (refusal !== undefined) throw this.#refuse(this.#printTier(tier, refusal));
    }
    const node = this.#decision.ownOf;
    if (node === undefined) return;
    if (object === undefined || !isOwnObject(this.#wish.resource, node, object))
      throw this.#refuse(`${printRefusal(this.#identity, this.#wish)}: the object is not this host's`);
  }

  /** True when tiers make no difference to this request: none is closed. */
  get seesAllTiers(): boolean {
    return this.#gate === undefined || this.#gate.isOpen(anyTier);
  }

  /** True when something in the tier may be seen. */
  seesSomethingOf(tier: string): boolean {
    return (
      this.#gate === undefined || this.#gate.isOpen(tier) || (this.#gate.isKnown(tier) && this.#hasNamedPolicies())
    );
  }

  /** Refuses a collection in which nothing may be seen. */
  refuseTiers(tiers: readonly string[]): never {
    const [tier = ''] = tiers;
    if (tiers.length === 1) throw this.#refuse(this.#printTier(tier, this.#gate?.isKnown(tier) ? 'policy' : 'tier'));
    throw this.#refuse(`${this.#printPolicies()} in any of the tiers ${tiers.join(', ')}`);
  }

  /** Calls once when what the identity has been given is no more what it was at the beginning of the request. */
  onChange(listener: () => void): () => void {
    const before = JSON.stringify(this.#grants);
    const stop = this.#authorizer.onChange(() => {
      if (JSON.stringify(this.#authorizer.grantsOf(this.#identity)) !== before) listener();
    });
    return stop;
  }

  #refuseEscalation(next: Resource, current: Resource | undefined): void {
    const rules = rulesOf(next);
    if (current !== undefined && isDeepStrictEqual(rules, rulesOf(current))) return;
    const { namespace, name } = this.#place(next);
    if (this.#may({ ...this.#wish, verb: 'escalate', namespace, name })) return;
    this.#refuseMissing(rules, namespace);
  }

  #refuseBinding(next: Resource, current: Resource | undefined): void {
    const { roleRef, subjects } = bindingOf(next);
    if (current !== undefined && isDeepStrictEqual({ roleRef, subjects }, bindingOf(current))) return;
    const { namespace } = this.#place(next);
    const resource = roleRef.kind === 'Role' ? 'roles' : 'clusterroles';
    if (this.#may({ ...this.#wish, verb: 'bind', resource, namespace, name: roleRef.name })) return;
    const rules = this.#authorizer.rulesOf(roleRef, namespace);
    if (rules === undefined) throw this.#refuse(`there is no ${roleRef.kind} ${JSON.stringify(roleRef.name)} to give`);
    this.#refuseMissing(rules, namespace);
  }

  #refuseMissing(rules: readonly PolicyRule[], namespace: string): void {
    const owned = this.#grants.filter((grant) => grant.namespace === '' || grant.namespace === namespace);
    const missing = missingRights(
      owned.flatMap((grant) => grant.rules),
      rules,
    ).map(printRight);
    if (missing.length === 0) return;
    const more = missing.length > rightsMax ? ` and ${missing.length - rightsMax} more` : '';
    const what = `${missing.slice(0, rightsMax).join('; ')}${more}`;
    throw this.#refuse(`User ${JSON.stringify(this.#identity.user)} cannot give rights they do not have: ${what}`);
  }

  #place({ metadata }: Resource) {
    return { namespace: metadata.namespace ?? '', name: metadata.name };
  }

  /** A right to single policies by their names. */
  #hasNamedPolicies(): boolean {
    const pseudo = `tier.${this.#wish.resource}`;
    return this.#grants.some(({ rules }) =>
      rules.some(
        ({ resources = [], resourceNames = [] }) =>
          (resources.includes(pseudo) || resources.includes('*')) && resourceNames.some((name) => !name.endsWith('.*')),
      ),
    );
  }

  #may(wish: ResourceAttributes): boolean {
    return decide(this.#identity, this.#grants, wish).isAllowed;
  }

  #printTier(tier: string, refusal: TierRefusal): string {
    const { namespace } = this.#wish;
    const where = namespace === '' ? '' : ` and namespace ${JSON.stringify(namespace)}`;
    const what = tier === anyTier ? 'all tiers' : `tier ${JSON.stringify(tier)}`;
    return `${this.#printPolicies()} in ${what}${where}${refusal === 'tier' ? ' (user cannot get tier)' : ''}`;
  }

  #printPolicies(): string {
    const { verb, resource, group } = this.#wish;
    return `User ${JSON.stringify(this.#identity.user)} cannot ${verb} ${resource}.${group}`;
  }

  #refuse(reason: string) {
    this.#onRefusal(reason);
    const { resource, name } = this.#wish;
    return apiErrors.fail('API_FORBIDDEN', reason, { details: { resource, name } });
  }
}

function rulesOf(role: Resource): readonly PolicyRule[] {
  return (role as { rules?: PolicyRule[] }).rules ?? [];
}

function bindingOf(binding: Resource) {
  const { roleRef, subjects = [] } = binding as unknown as {
    roleRef: { kind: string; name: string };
    subjects?: object[];
  };
  return { roleRef, subjects };
}
