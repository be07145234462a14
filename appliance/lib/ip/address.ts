/** IPv4 and IPv6 addresses and prefixes as bytes and canonical text (RFC 5952); parsing as strict as Go's netip. Pure. */

export type Family = 4 | 6;

/** Bytes in network order: 4 or 16 of them. Never changed after creation. */
export interface Address {
  readonly family: Family;
  readonly bytes: Uint8Array;
}

/** `address` may have host bits set; `masked()` clears them. */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

const dot = 0x2e;
const zero = 0x30;

export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/**
 * Parses a bare address. Leading zeros in IPv4 octets, zones and embedded blanks are refused;
 * an IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) counts as IPv4, as in Go.
 */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

/** Parses `address/length`; the length is mandatory, host bits are kept. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  let length = readLength(text, slash + 1);
  if (length === undefined) return undefined;
  const raw = text.slice(0, slash);
  const address = parseAddress(raw);
  if (address === undefined) return undefined;
  if (address.family === 4 && raw.includes(':')) {
    if (length < 96) return undefined;
    length -= 96;
  }
  return length <= addressBits(address.family) ? { address, length } : undefined;
}

/** True for the text of a masked IPv4 prefix, which can be written in one way only. Leaves nothing to collect: lists of nets are long. */
export function isCanonicalV4Prefix(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0 || !readV4(text, slash, scratch, 0)) return false;
  const length = readLength(text, slash + 1);
  return length !== undefined && length <= 32 && hasNoHostBits(scratch, length);
}

const scratch = new Uint8Array(4);

/** Parses a prefix, or a bare address as the prefix of full length. */
export function parsePrefixOrAddress(text: string): Prefix | undefined {
  if (text.includes('/')) return parsePrefix(text);
  const address = parseAddress(text);
  return address && { address, length: addressBits(address.family) };
}

/** Canonical text: dotted quad, or RFC 5952 lower case with the longest run of zeros compressed. */
export function printAddress(address: Address): string {
  const b = address.bytes;
  return address.family === 4 ? `${b[0]}.${b[1]}.${b[2]}.${b[3]}` : printV6(b);
}

export function printPrefix(prefix: Prefix): string {
  return `${printAddress(prefix.address)}/${prefix.length}`;
}

/** The same prefix with its host bits cleared. */
export function masked(prefix: Prefix): Prefix {
  const bytes = Uint8Array.from(prefix.address.bytes);
  maskBytes(bytes, prefix.length);
  return { address: { family: prefix.address.family, bytes }, length: prefix.length };
}

export function isMasked({ address: { bytes }, length }: Prefix): boolean {
  return hasNoHostBits(bytes, length);
}

function hasNoHostBits(bytes: Uint8Array, length: number): boolean {
  for (let i = length >> 3; i < bytes.length; i++) {
    if ((bytes[i]! & (0xff >> Math.max(0, length - i * 8))) !== 0) return false;
  }
  return true;
}

/** True when `address` lies in `prefix` (false across families). */
export function contains(prefix: Prefix, address: Address): boolean {
  if (prefix.address.family !== address.family) return false;
  const a = prefix.address.bytes;
  const b = address.bytes;
  const whole = prefix.length >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = prefix.length & 7;
  return rest === 0 || ((a[whole]! ^ b[whole]!) & (0xff << (8 - rest)) & 0xff) === 0;
}

/** True when the prefixes share an address. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? contains(a, b.address) : contains(b, a.address);
}

/** The network mask of `length` bits as bytes. */
export function maskOf(family: Family, length: number): Uint8Array {
  const bytes = new Uint8Array(addressBits(family) / 8).fill(0xff);
  maskBytes(bytes, length);
  return bytes;
}

/** The last address of the prefix. */
export function lastAddress(prefix: Prefix): Address {
  const bytes = Uint8Array.from(prefix.address.bytes);
  const mask = maskOf(prefix.address.family, prefix.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = bytes[i]! | (~mask[i]! & 0xff);
  return { family: prefix.address.family, bytes };
}

/** Byte order; negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

function maskBytes(bytes: Uint8Array, length: number): void {
  for (let i = 0; i < bytes.length; i++) {
    const keep = Math.min(8, Math.max(0, length - i * 8));
    bytes[i] = bytes[i]! & (0xff << (8 - keep)) & 0xff;
  }
}

function parseV4(text: string): Address | undefined {
  const bytes = new Uint8Array(4);
  return readV4(text, text.length, bytes, 0) ? { family: 4, bytes } : undefined;
}

/** Digit by digit, because sets of a hundred thousand addresses come this way. */
function readV4(text: string, end: number, into: Uint8Array, at: number): boolean {
  let octets = 0;
  let digits = 0;
  let value = 0;
  for (let i = 0; i <= end; i++) {
    const code = i === end ? dot : text.charCodeAt(i);
    if (code === dot) {
      if (digits === 0 || octets === 4) return false;
      into[at + octets++] = value;
      digits = 0;
      value = 0;
    } else {
      if (!isDigit(code) || (digits > 0 && value === 0)) return false;
      value = value * 10 + code - zero;
      if (value > 255) return false;
      digits++;
    }
  }
  return octets === 4;
}

/** A decimal number without leading zeros from `start` to the end of the text, of at most three digits; undefined if it is none. */
function readLength(text: string, start: number): number | undefined {
  const digits = text.length - start;
  if (digits < 1 || digits > 3 || (digits > 1 && text.charCodeAt(start) === zero)) return undefined;
  let value = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return undefined;
    value = value * 10 + code - zero;
  }
  return value;
}

function isDigit(code: number): boolean {
  return code >= zero && code <= zero + 9;
}

function parseV6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = readGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? readGroups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const present = head.length + tail.length;
  if (halves.length === 1 ? present !== 16 : present > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  const isMapped = bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? { family: 4, bytes: bytes.slice(12) } : { family: 6, bytes };
}

/** The bytes of colon-separated groups; the last may be a dotted quad when `mayEndInV4`. */
function readGroups(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === '') return [];
  const out: number[] = [];
  const groups = text.split(':');
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    if (group.includes('.')) {
      const quad = new Uint8Array(4);
      if (!mayEndInV4 || i !== groups.length - 1 || !readV4(group, group.length, quad, 0)) return undefined;
      out.push(...quad);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      out.push(value >> 8, value & 0xff);
    }
  }
  return out;
}

function printV6(b: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((b[i]! << 8) | b[i + 1]!);
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > length) {
      start = i;
      length = n;
    }
  }
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((g) => g.toString(16))
      .join(':');
  return start < 0 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`;
}
