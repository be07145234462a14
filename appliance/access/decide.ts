/** Whether somebody may do something. Pure. Source: Kubernetes documentation, "Using RBAC Authorization": what no rule allows is forbidden. */
import type { Identity } from './identity.ts';
import { grantsOf } from './roles.ts';
import { type Attributes, allows } from './rule.ts';

export interface Decision {
  readonly isAllowed: boolean;
  /** The role that allows it, or who lacks what, in a sentence. */
  readonly reason: string;
}

/** The first role that allows it decides. */
export function decide(identity: Identity, attributes: Attributes): Decision {
  const grant = grantsOf(identity).find(({ rules }) => rules.some((rule) => allows(rule, attributes)));
  if (grant !== undefined) return { isAllowed: true, reason: `role ${grant.role}` };
  return { isAllowed: false, reason: `User ${JSON.stringify(identity.user)} cannot ${printWish(attributes)}` };
}

/** As Kubernetes writes it. */
function printWish(attributes: Attributes): string {
  if (attributes.type === 'path') return `${attributes.verb} path ${JSON.stringify(attributes.path)}`;
  const { verb, group, resource, subresource, namespace } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
}
