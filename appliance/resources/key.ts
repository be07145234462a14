/**
 * Identity of a resource to its store key and back. Pure. Source: Calico's etcd v3 layout; kinds of other groups lie below a root of
 * our own, where no certificate of a node reaches.
 */
import { calicoGroup, type KindDefinition } from './define.ts';
import { kindByPlural } from './registry.ts';

const root = '/calico/resources/v3/projectcalico.org/';
const ownRoot = '/calico/appliance/v1/resources/';

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
  const start = kind.group === calicoGroup ? root : `${ownRoot}${kind.group || 'core'}/`;
  return kind.isNamespaced && namespace !== undefined
    ? `${start}${kind.plural}/${namespace}/`
    : `${start}${kind.plural}/`;
}

/** What a key says; undefined when it is not the key of a resource we know. */
export function parseStoreKey(key: string): ResourceIdentity | undefined {
  const place = placeOf(key);
  if (place === undefined) return undefined;
  const { group, parts } = place;
  const kind = kindByPlural(parts[0]!, group);
  if (kind === undefined || parts.includes('') || parts.length !== (kind.isNamespaced ? 3 : 2)) return undefined;
  return { kind, namespace: kind.isNamespaced ? parts[1]! : undefined, name: parts.at(-1)! };
}

/** The group, and what stands behind it. Calico's kinds are at Calico's place only. */
function placeOf(key: string): { readonly group: string; readonly parts: readonly string[] } | undefined {
  if (key.startsWith(root)) return { group: calicoGroup, parts: key.slice(root.length).split('/') };
  if (!key.startsWith(ownRoot)) return undefined;
  const [word = '', ...parts] = key.slice(ownRoot.length).split('/');
  if (word === '' || word === calicoGroup || parts.length === 0) return undefined;
  return { group: word === 'core' ? '' : word, parts };
}
