/** Who a client is to the rules of the keys, by the certificate it has shown: an administrator, a node, or nobody. Pure. */
import { administrators, certificateIdentity, nodeOf } from '../../access/identity.ts';

export type Identity =
  | { readonly type: 'admin'; readonly name: string }
  | { readonly type: 'node'; readonly name: string; readonly node: string }
  /** Known to the authority, and entitled to nothing. */
  | { readonly type: 'nobody'; readonly name: string };

/** The parts of a certificate's subject that count; a part that occurs several times is a list. */
export type Subject = Parameters<typeof certificateIdentity>[0];

/** A name that stays one segment of a key: what Kubernetes and Calico take for a node. */
const nodeName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Whoever reaches a socket, or a listener on loopback that asks for no certificate. */
export const localIdentity: Identity = { type: 'admin', name: 'local' };

/** Of a subject with several common names none counts. */
export function identify(subject: Subject | undefined): Identity {
  const isPlain = subject !== undefined && (typeof subject.CN === 'string' || subject.CN?.length === 1);
  const found = isPlain ? certificateIdentity(subject) : undefined;
  if (found === undefined) return { type: 'nobody', name: '' };
  const { user: name, groups } = found;
  if (groups.includes(administrators)) return { type: 'admin', name };
  const node = nodeOf(found);
  return node !== undefined && nodeName.test(node) ? { type: 'node', name, node } : { type: 'nobody', name };
}
