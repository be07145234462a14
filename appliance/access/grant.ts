/** What somebody has been given, and where it holds. Pure. */
import type { Attributes, PolicyRule } from './rule.ts';

/** A role somebody has. */
export interface Grant {
  readonly role: string;
  /** Where: this namespace only, or everywhere when it is empty. */
  readonly namespace: string;
  readonly rules: readonly PolicyRule[];
}

/** True when a grant counts for what is asked: paths and objects outside of namespaces are nothing a namespace can give. */
export function isInForce(grant: Grant, attributes: Attributes): boolean {
  if (grant.namespace === '') return true;
  return attributes.type === 'resource' && attributes.namespace === grant.namespace;
}
