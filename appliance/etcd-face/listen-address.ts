/**
 * Where the face listens: `unix:/path`, `https://ADDR:PORT`, or `http://ADDR:PORT` on loopback only. Pure.
 */
import { isIP } from 'node:net';
import { faceErrors } from './errors.ts';

export type ListenAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number; readonly secure: boolean };

/** What is known about TLS when the address is judged. */
export interface TlsAbility {
  readonly hasKeyPair: boolean;
  readonly checksClients: boolean;
}

/** Parses and judges an address: off loopback nobody gets in without a certificate of his own. Errors: ETCD_FACE_BAD_ADDRESS, ETCD_FACE_INSECURE. */
export function parseListenAddress(text: string, tls: TlsAbility): ListenAddress {
  if (text.startsWith('unix:')) return unixAddress(text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.pathname !== '/') throw bad(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  if (secure && !tls.hasKeyPair) throw insecure(text, 'it has neither a certificate nor a key');
  if (!isLoopback(host) && !(secure && tls.checksClients)) throw insecure(text, 'it is not on loopback');
  return { type: 'tcp', host, port, secure };
}

/** The address as a client is told it. */
export function printListenAddress(address: ListenAddress, port: number): string {
  if (address.type === 'unix') return `unix:${address.path}`;
  const host = isIP(address.host) === 6 ? `[${address.host}]` : address.host;
  return `${address.secure ? 'https' : 'http'}://${host}:${port}`;
}

function unixAddress(text: string): ListenAddress {
  const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '');
  if (!path.startsWith('/')) throw bad(text);
  return { type: 'unix', path };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function bad(text: string): Error {
  return faceErrors.fail('ETCD_FACE_BAD_ADDRESS', text, { details: { listen: text } });
}

function insecure(text: string, why: string): Error {
  return faceErrors.fail('ETCD_FACE_INSECURE', `${text}: ${why}`, { details: { listen: text } });
}
