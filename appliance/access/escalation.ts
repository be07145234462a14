/** Whether somebody has all that a role gives: nobody gives away what they do not have. Pure. Source: Kubernetes documentation, "Privilege escalation prevention". */
import type { PolicyRule } from './rule.ts';

/** The single rights of `wanted` that no rule of `owned` has, each as a rule of its own. */
export function missingRights(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(singleRights).filter((right) => !owned.some((rule) => covers(rule, right)));
}

/** As a person reads it. */
export function printRight({
  verbs,
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs,
}: PolicyRule): string {
  if (nonResourceURLs !== undefined) return `${verbs.join()} ${nonResourceURLs.join()}`;
  const names = resourceNames.length === 0 ? '' : ` ${JSON.stringify(resourceNames[0])}`;
  return `${verbs.join()} ${resources.join()}${apiGroups.join() === '' ? '' : `.${apiGroups.join()}`}${names}`;
}

/** A rule taken apart: one verb, one group, one resource, one name; or one verb and one path. */
function singleRights(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const paths = verbs.flatMap((verb) => nonResourceURLs.map((url) => ({ verbs: [verb], nonResourceURLs: [url] })));
  const names = resourceNames.length === 0 ? [undefined] : resourceNames;
  const rights = verbs.flatMap((verb) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        names.map((name) => ({
          verbs: [verb],
          apiGroups: [group],
          resources: [resource],
          ...(name !== undefined && { resourceNames: [name] }),
        })),
      ),
    ),
  );
  return [...paths, ...rights];
}

/** Star for star: a right to everything is covered by nothing less. */
function covers(rule: PolicyRule, right: PolicyRule): boolean {
  if (!has(rule.verbs, right.verbs[0]!)) return false;
  const [url] = right.nonResourceURLs ?? [];
  if (url !== undefined) return (rule.nonResourceURLs ?? []).some((own) => coversPath(own, url));
  const [name] = right.resourceNames ?? [];
  const names = rule.resourceNames ?? [];
  const coversName = names.length === 0 || (name !== undefined && names.includes(name));
  return has(rule.apiGroups ?? [], right.apiGroups![0]!) && coversResource(rule, right.resources![0]!) && coversName;
}

function coversResource({ resources = [] }: PolicyRule, resource: string): boolean {
  const [, subresource] = resource.split('/');
  return has(resources, resource) || (subresource !== undefined && resources.includes(`*/${subresource}`));
}

function coversPath(own: string, url: string): boolean {
  return own.endsWith('*') ? url.startsWith(own.slice(0, -1)) : own === url;
}

function has(list: readonly string[], word: string): boolean {
  return list.includes('*') || list.includes(word);
}
