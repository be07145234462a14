/** Addresses and networks of stored objects as canonical text. Pure. */
import {
  addressBits,
  isCanonicalV4Prefix,
  masked,
  parseAddress,
  parsePrefix,
  parsePrefixOrAddress,
  printAddress,
  printPrefix,
} from '#appliance/lib/ip/address.ts';
import type { Fields } from './fields.ts';

/** `address/length`, masked and canonical, or undefined. With `mayBeAddress` a bare address is a net of full length. */
export function canonicalNet(text: string, mayBeAddress: boolean): string | undefined {
  if (isCanonicalV4Prefix(text)) return text;
  const prefix = mayBeAddress ? parsePrefixOrAddress(text) : parsePrefix(text);
  return prefix && sameText(text, printPrefix(masked(prefix)));
}

/** A canonical bare address, or undefined. With `mayBeNet` the length of `address/length` is dropped. */
export function canonicalAddress(text: string, mayBeNet = false): string | undefined {
  const address = mayBeNet && text.includes('/') ? parsePrefix(text)?.address : parseAddress(text);
  return address && sameText(text, printAddress(address));
}

/** The canonical nets of full length of a list, refusing everything else. */
export function readHostNets(fields: Fields, name: string): readonly string[] {
  return readList(fields, name, 'not a single address', (text) => {
    if (text.endsWith('/32') && isCanonicalV4Prefix(text)) return text;
    const prefix = parsePrefixOrAddress(text);
    if (prefix === undefined || prefix.length !== addressBits(prefix.address.family)) return undefined;
    return sameText(text, printPrefix(prefix));
  });
}

/** The canonical masked nets of a list, refusing what is none. */
export function readNets(fields: Fields, name: string, mayBeAddress: boolean): readonly string[] {
  return readList(fields, name, 'not a network', (text) => canonicalNet(text, mayBeAddress));
}

/** The canonical bare addresses of a list, refusing what is none. */
export function readAddresses(fields: Fields, name: string): readonly string[] {
  return readList(fields, name, 'not an address', (text) => canonicalAddress(text));
}

/** True for the text of an IPv6 address or net. */
export function isV6Text(text: string): boolean {
  return text.includes(':');
}

/** A net as set members: everything is written as its two halves, because sets cannot hold /0. */
export function setMembersOf(net: string): readonly string[] {
  if (net === '0.0.0.0/0') return ['0.0.0.0/1', '128.0.0.0/1'];
  if (net === '::/0') return ['::/1', '8000::/1'];
  return [net];
}

/** One that cannot be read makes the object count as absent, so the others do not matter then. Mapped, not pushed: no room to spare is kept. */
function readList(fields: Fields, name: string, message: string, read: (text: string) => string | undefined) {
  const texts = fields.texts(name);
  const found = texts.map((text, i) => {
    const canonical = read(text);
    if (canonical === undefined) fields.refuse(`${name}[${i}]`, message, text);
    return canonical;
  });
  return found.includes(undefined) ? [] : (found as readonly string[]);
}

/** Keeps the text that is there already rather than an equal copy. */
function sameText(before: string, canonical: string): string {
  return before === canonical ? before : canonical;
}
