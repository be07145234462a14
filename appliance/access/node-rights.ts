/**
 * What a host may write besides what roles give it: its own Node and settings, its own endpoints and status. Rules cannot say "own", so an object
 * has to be looked at too, as it is and as it is to be. Pure. The same is granted over etcd by `etcd-face/access/rules.ts`.
 */
import type { ResourceAttributes } from './rule.ts';

const group = 'projectcalico.org';
const changing: readonly string[] = ['create', 'update', 'patch'];
const writing: readonly string[] = [...changing, 'delete'];

/** As much of an object as says whose it is. */
export interface OwnedObject {
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface Right {
  readonly verbs: readonly string[];
  /** Absent when a name does not tell. */
  readonly isOwnName?: (node: string, name: string) => boolean;
  /** True when `spec.node` tells, besides the name. */
  readonly hasNode?: boolean;
}

const rights: Readonly<Record<string, Right>> = {
  nodes: { verbs: changing, isOwnName: (node, name) => name === node },
  felixconfigurations: { verbs: writing, isOwnName: (node, name) => name === `node.${node}` },
  // the first part of the name is the node, with dashes doubled
  workloadendpoints: {
    verbs: writing,
    isOwnName: (node, name) => name.startsWith(`${node.replaceAll('-', '--')}-`),
    hasNode: true,
  },
  hostendpoints: { verbs: writing, hasNode: true },
  caliconodestatuses: { verbs: writing, hasNode: true },
};

/** True when a host may do it to objects of its own; each object is then asked by `isOwnObject()`. */
export function mayWriteOwn(
  node: string,
  { group: asked, resource, subresource, verb, name }: ResourceAttributes,
): boolean {
  if (asked !== group || !Object.hasOwn(rights, resource)) return false;
  const { verbs, isOwnName } = rights[resource]!;
  if (name !== '' && isOwnName?.(node, name) === false) return false;
  return verbs.includes(verb) && (subresource === '' || subresource === 'status');
}

/** True when the object is this host's. */
export function isOwnObject(resource: string, node: string, { metadata, spec }: OwnedObject): boolean {
  if (!Object.hasOwn(rights, resource)) return false;
  const { isOwnName, hasNode } = rights[resource]!;
  return isOwnName?.(node, metadata.name) !== false && (hasNode !== true || spec.node === node);
}
