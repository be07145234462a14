/**
 * Who a client is, by the subject of the certificate it has shown: Kubernetes' way of naming administrators and nodes. Pure.
 * Source: Kubernetes' X.509 client certificates (common name is the user, organisations are its groups).
 */

export type Identity =
  | { readonly type: 'admin'; readonly name: string }
  | { readonly type: 'node'; readonly name: string; readonly node: string }
  /** Known to the authority, and entitled to nothing. */
  | { readonly type: 'nobody'; readonly name: string };

/** The parts of a certificate's subject that count; a part that occurs several times is a list. */
export interface Subject {
  readonly CN?: string | readonly string[];
  readonly O?: string | readonly string[];
}

const adminGroup = 'system:masters';
const nodeGroup = 'system:nodes';
const nodeUserPrefix = 'system:node:';
/** A name that stays one segment of a key: what Kubernetes and Calico take for a node. */
const nodeName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Whoever reaches a socket, or a listener on loopback that asks for no certificate. */
export const localIdentity: Identity = { type: 'admin', name: 'local' };

/** A node needs both its user name and the group; administrators need the group alone. */
export function identify(subject: Subject | undefined): Identity {
  const names = listOf(subject?.CN);
  const name = names.length === 1 ? names[0]! : '';
  const groups = listOf(subject?.O);
  if (groups.includes(adminGroup)) return { type: 'admin', name };
  const node = name.startsWith(nodeUserPrefix) ? name.slice(nodeUserPrefix.length) : '';
  return groups.includes(nodeGroup) && nodeName.test(node) ? { type: 'node', name, node } : { type: 'nobody', name };
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
