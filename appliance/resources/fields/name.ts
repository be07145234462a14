/** Names of resources and of what they refer to. Pure. Source: the name rules of Calico's v3 validator and RFC 1123. */
import { type TextSchema, text } from '../../lib/schema.ts';

const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const labelPattern = new RegExp(`^${label}$`);
const subdomainPattern = new RegExp(`^${label}(?:\\.${label})*$`);
const oneOrTwoLabelsPattern = new RegExp(`^${label}(?:\\.${label})?$`);
const copiedPolicyPattern = new RegExp(`^(?:knp|ossg)\\.default\\.${label}(?:\\.${label})*$`);

/** What is wrong with the name of any resource, or undefined. */
export function checkSubdomain(name: string): string | undefined {
  if (name.length > 253) return 'must be at most 253 characters long';
  return subdomainPattern.test(name)
    ? undefined
    : "must consist of lower-case letters, digits, '-' and '.', and begin and end with a letter or digit";
}

/** What is wrong with a name that may have colons and capitals, as those of roles: it must fit between two slashes of a path. */
export function checkSegment(name: string): string | undefined {
  if (name.length > 253) return 'must be at most 253 characters long';
  if (name === '.' || name === '..') return `must not be '${name}'`;
  return /^[\x21-\x7e]+$/.test(name) && !/[/%]/.test(name)
    ? undefined
    : "must consist of printable ASCII characters without blanks, '/' and '%'";
}

/** Rule for NetworkPolicy: at most one dot, unless the policy was copied from Kubernetes or OpenStack. */
export function checkNetworkPolicyName(name: string): string | undefined {
  if (oneOrTwoLabelsPattern.test(name) || copiedPolicyPattern.test(name)) return undefined;
  return 'must be one label, or two joined by a dot (or start with knp.default. or ossg.default.)';
}

/** Rule for GlobalNetworkPolicy: at most one dot. */
export function checkGlobalNetworkPolicyName(name: string): string | undefined {
  return oneOrTwoLabelsPattern.test(name) ? undefined : 'must be one label, or two joined by a dot';
}

/** Rule for Tier: one label of at most 63 characters. */
export function checkTierName(name: string): string | undefined {
  if (name.length > 63) return 'must be at most 63 characters long';
  return labelPattern.test(name) ? undefined : 'must be one label: lower-case letters, digits and inner dashes, no dot';
}

/** Rule for namespaces, as for tiers: one label. */
export function checkLabel(name: string): string | undefined {
  return checkTierName(name);
}

/** Rule for kinds of which there is one. */
export function checkDefaultName(name: string, operation: 'create' | 'update'): string | undefined {
  return name === 'default' || operation === 'update' ? undefined : "must be 'default'";
}

/** A reference to something by its name. */
export const nameSchema: TextSchema = text({
  maxLength: 253,
  check: checkSubdomain,
  shape: subdomainPattern,
});
