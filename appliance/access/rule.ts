/** What a role allows, and whether a request is among it. Pure. Source: Kubernetes API reference, rbac.authorization.k8s.io/v1 PolicyRule. */

/** What somebody wants to do. */
export type Attributes = ResourceAttributes | PathAttributes;

export interface ResourceAttributes {
  readonly type: 'resource';
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`. */
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** Empty for kinds without, and for all namespaces. */
  readonly namespace: string;
  /** Empty for collections. */
  readonly name: string;
}

/** Anything that is no resource: discovery, health, documents. `verb` is the method in lower case. */
export interface PathAttributes {
  readonly type: 'path';
  readonly verb: string;
  readonly path: string;
}

/** `*` stands for everything in each list. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  /** `plural`, `plural/subresource`, `*`, `*` + `/subresource`. */
  readonly resources?: readonly string[];
  /** Only these objects; absent or empty: all. */
  readonly resourceNames?: readonly string[];
  /** Paths; a `*` at the end stands for any rest. */
  readonly nonResourceURLs?: readonly string[];
}

/** True when the rule allows it. */
export function allows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  return attributes.type === 'path' ? coversPath(rule, attributes.path) : coversResource(rule, attributes);
}

function coversResource(rule: PolicyRule, { group, resource, subresource, name }: ResourceAttributes): boolean {
  const { apiGroups = [], resources = [], resourceNames = [] } = rule;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  const isCovered = has(resources, full) || (subresource !== '' && resources.includes(`*/${subresource}`));
  return has(apiGroups, group) && isCovered && (resourceNames.length === 0 || resourceNames.includes(name));
}

function coversPath({ nonResourceURLs = [] }: PolicyRule, path: string): boolean {
  return nonResourceURLs.some((url) => (url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : url === path));
}

function has(list: readonly string[], word: string): boolean {
  return list.includes('*') || list.includes(word);
}
