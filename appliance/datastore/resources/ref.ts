/** Which resource is meant, and where it lies in the store. Pure. */
import type { KindDefinition } from '../../resources/define.ts';
import { storeKey, storePrefix } from '../../resources/key.ts';
import type { Resource } from '../../resources/resource.ts';
import { type KeyRange, prefixEnd } from '../store.ts';

/** `namespace` is empty for global kinds. */
export interface Ref {
  readonly kind: KindDefinition;
  readonly namespace: string;
  readonly name: string;
}

/** The identity of a decoded resource. */
export function refOf(kind: KindDefinition, resource: Resource): Ref {
  return { kind, namespace: resource.metadata.namespace ?? '', name: resource.metadata.name };
}

/** The store key of one resource. */
export function keyOf(ref: Ref): Buffer {
  return Buffer.from(storeKey(ref.kind, ref.namespace, ref.name));
}

/** All keys of a kind, or of a kind in one namespace (`''` for all of them). */
export function rangeOf(kind: KindDefinition, namespace: string): KeyRange {
  const key = Buffer.from(storePrefix(kind, namespace === '' ? undefined : namespace));
  return { key, rangeEnd: prefixEnd(key) };
}

/** As upstream writes it: `Kind(name)` or `Kind(namespace/name)`. */
export function printRef(ref: Ref): string {
  return `${ref.kind.kind}(${ref.namespace === '' ? '' : `${ref.namespace}/`}${ref.name})`;
}

/** The identity as error details. */
export function detailsOf(ref: Ref): Record<string, unknown> {
  return { kind: ref.kind.kind, namespace: ref.namespace, name: ref.name };
}

/**
 * True when the status is written through the `/status` path only, as in Calico's API server.
 * A Node's status comes with the node: its writers (agents, imports) know no such path.
 */
export function keepsStatusApart(kind: KindDefinition): boolean {
  return kind.hasStatus && kind.kind !== 'Node';
}
