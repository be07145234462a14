/** Whether a certificate is what a host asked for, before it takes the place of anything. Pure. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { nodesGroup, nodeUserOf } from '../pki/node-name.ts';

/** Undefined when it is by `ca`, for `key`, in the name of `node`, and good at `nowMs`. */
export function certificateProblem(
  certificate: string,
  wanted: { readonly ca: string; readonly key: string; readonly node: string; readonly nowMs: number },
): string | undefined {
  let found: X509Certificate;
  try {
    found = new X509Certificate(certificate);
  } catch {
    return 'it is no certificate';
  }
  const authority = new X509Certificate(wanted.ca);
  if (!found.checkIssued(authority) || !found.verify(authority.publicKey)) return 'it is not by the authority';
  if (!found.checkPrivateKey(createPrivateKey(wanted.key))) return 'it is for another key';
  if (found.ca) return 'it is one of an authority';
  const parts = found.subject.split('\n').sort();
  const subject = [`CN=${nodeUserOf(wanted.node)}`, `O=${nodesGroup}`];
  if (parts.join() !== subject.join()) return `it is for ${parts.join(', ')}`;
  if (found.validFromDate.getTime() > wanted.nowMs) return `it begins in the future; is the clock of this host right?`;
  if (found.validToDate.getTime() <= wanted.nowMs) return 'it has expired; is the clock of this host right?';
  return undefined;
}
