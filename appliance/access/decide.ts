/** Whether somebody may do something. Pure. Source: Kubernetes documentation, "Using RBAC Authorization": what no rule allows is forbidden. */
import { type Grant, isInForce } from './grant.ts';
import { type Identity, nodeOf } from './identity.ts';
import { mayWriteOwn } from './node-rights.ts';
import { type Attributes, allows } from './rule.ts';

export interface Decision {
  readonly isAllowed: boolean;
  /** The role that allows it, or who lacks what, in a sentence. */
  readonly reason: string;
  /** Allowed on objects of this host only. */
  readonly ownOf?: string;
}

/** The first of the identity's grants that allows it decides. */
export function decide(identity: Identity, grants: readonly Grant[], attributes: Attributes): Decision {
  const grant = grants.find((one) => isInForce(one, attributes) && one.rules.some((rule) => allows(rule, attributes)));
  if (grant !== undefined) return { isAllowed: true, reason: `role ${grant.role}` };
  const node = nodeOf(identity);
  if (node !== undefined && attributes.type === 'resource' && mayWriteOwn(node, attributes))
    return { isAllowed: true, reason: 'a host writes what is its own', ownOf: node };
  return { isAllowed: false, reason: printRefusal(identity, attributes) };
}

/** Who lacks what, as Kubernetes writes it. */
export function printRefusal(identity: Identity, attributes: Attributes): string {
  return `User ${JSON.stringify(identity.user)} cannot ${printWish(attributes)}`;
}

function printWish(attributes: Attributes): string {
  if (attributes.type === 'path') return `${attributes.verb} path ${JSON.stringify(attributes.path)}`;
  const { verb, group, resource, subresource, namespace } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
}
