/** Identity of a resource to its store key and back. Pure. Source: Calico's etcd v3 layout. */
import type { KindDefinition } from './define.ts';
import { kindByPlural } from './registry.ts';

const root = '/calico/resources/v3/projectcalico.org/';

/** What a store key says. */
export interface ResourceIdentity {
  readonly kind: KindDefinition;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Key of one resource. Names are written raw: no legal name needs escaping. */
export function storeKey(kind: KindDefinition, namespace: string | undefined, name: string): string {
  return `${storePrefix(kind, namespace)}${name}`;
}

/** Start of the keys of a kind, or of a kind in one namespace; ends with a slash. */
export function storePrefix(kind: KindDefinition, namespace?: string): string {
  return kind.isNamespaced && namespace !== undefined
    ? `${root}${kind.plural}/${namespace}/`
    : `${root}${kind.plural}/`;
}

/** What a key says; undefined when it is not the key of a resource we know. */
export function parseStoreKey(key: string): ResourceIdentity | undefined {
  if (!key.startsWith(root)) return undefined;
  const parts = key.slice(root.length).split('/');
  const kind = kindByPlural(parts[0]!);
  if (kind === undefined || parts.includes('') || parts.length !== (kind.isNamespaced ? 3 : 2)) return undefined;
  return { kind, namespace: kind.isNamespaced ? parts[1]! : undefined, name: parts.at(-1)! };
}
