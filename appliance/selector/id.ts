/**
 * Names of IP sets, derived from what they hold so that equal sets are one set. Pure; byte for byte upstream's ids.
 */
import { hash } from 'node:crypto';

/** The protocols a named port can be asked for; `any` when the rule names none. */
export type NamedPortProtocol = 'tcp' | 'udp' | 'sctp' | 'any';

/** Id of the set of everything that matches; `canonical` is what `printSelector` gives. */
export function selectorId(canonical: string): string {
  return contentId('s', canonical);
}

/** Id of the set of address and port pairs of endpoints that match the selector and name a port so. */
export function namedPortSetId(selector: string, protocol: NamedPortProtocol, portName: string): string {
  return contentId('n', `${selectorId(selector)},${protocol},${portName}`);
}

/** Id of the set of a service's endpoints: pairs of address and port for destinations, addresses alone for sources. */
export function serviceSetId(namespace: string, name: string, hasPorts: boolean): string {
  return contentId(hasPorts ? 'svc' : 'svcnoport', `${namespace}/${name}`);
}

function contentId(prefix: string, content: string): string {
  return `${prefix}:${hash('sha224', `${prefix}:${content}`, 'base64url')}`;
}
