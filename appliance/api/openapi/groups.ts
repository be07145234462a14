/** A document for each group and version, as Kubernetes' clients ask for them: its paths, and the schemas those need. Pure. */
import type { OpenApi, PathItem } from './document.ts';

/** By the key the index has: `apis/projectcalico.org/v3`, `api/v1`, and `version` for what belongs to none. */
export function groupsOf(whole: OpenApi): ReadonlyMap<string, OpenApi> {
  const groups = new Map<string, Record<string, PathItem>>();
  for (const [path, item] of Object.entries(whole.paths)) {
    const key = /^\/(apis\/[^/]+\/[^/]+|api\/[^/]+)(?:\/|$)/.exec(path)?.[1] ?? 'version';
    const paths = groups.get(key) ?? {};
    paths[path] = item;
    groups.set(key, paths);
  }
  return new Map([...groups].map(([key, paths]) => [key, documentOf(whole, paths)]));
}

function documentOf(whole: OpenApi, paths: Record<string, PathItem>): OpenApi {
  const needed = reachable(whole, paths);
  const schemas = Object.entries(whole.components.schemas).filter(([name]) => needed.has(name));
  return { ...whole, paths, components: { ...whole.components, schemas: Object.fromEntries(schemas) } };
}

/** Names of the schemas that are referred to, directly or through others. */
function reachable(whole: OpenApi, paths: object): ReadonlySet<string> {
  const found = new Set<string>(['Status']);
  const visit = (part: object) => {
    for (const [, name] of JSON.stringify(part).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
      if (found.has(name!)) continue;
      found.add(name!);
      visit(whole.components.schemas[name!] ?? {});
    }
  };
  visit(paths);
  return found;
}
