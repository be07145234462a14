/**
 * The layout of the shared sets: all members of all IP sets lie in a few sets of the kernel, each element led by the
 * eight-byte id of the IP set it belongs to. Pure.
 * The kernel walks a table's list of sets for each rule and batch, so their number stays in the hundreds whatever the number of selectors.
 */
import { hash } from 'node:crypto';
import type { NftSet } from '../../kernel/kernel.ts';
import type { Expression } from '../../kernel/netlink/expression.ts';
import type { Family, Side } from './match.ts';
import { loadAddress, loadPort, maskAddress } from './match.ts';

/** Buckets of interval sets a family has; a change costs the kernel time in proportion to its bucket. */
const bucketCount = 32;
/** IP sets with more intervals than this have a set of their own. */
const ownSetThreshold = 2048;
/** CIDRs of an IP set that share their length with more than so many lie one by one in the hash set, under an id of their own. */
export const hashedLengthMin = 2048;

/**
 * nft's numbers of data types; a concatenation shifts by six bits. They only shape what `nft list` prints: intervals over several
 * fields have no type that nft 1.0 prints without harm but a plain number.
 */
export const nftType = { number: 3, ipv4: 7, ipv6: 8, protocol: 12, port: 13, mark: 19, interfaceName: 41 } as const;

export const portRangeSet = 'port-ranges';

export function hostSet(family: Family): string {
  return `hosts${family}`;
}

export function hostPortSet(family: Family): string {
  return `host-ports${family}`;
}

/** The interval set that holds CIDRs of the IP set `id`, of which there are `count` in this family. */
export function netSet(family: Family, id: Uint8Array, count: number): string {
  if (count > ownSetThreshold) return `nets${family}-own-${Buffer.from(id).toString('hex')}`;
  return `nets${family}-${((id[0] as number) % bucketCount).toString(16).padStart(2, '0')}`;
}

/** Interval sets of CIDRs exist while needed; the other sets always. */
export function isNetSet(name: string): boolean {
  return name.startsWith('nets');
}

export function isIntervalSet(name: string): boolean {
  return isNetSet(name) || name === portRangeSet;
}

/**
 * Eight bytes for a set's id text, the same after every restart. The lowest bit is clear, so that the end of the
 * last interval of one id (id + 1) never meets another id.
 */
export function setNumber(idText: string, salt = 0): Uint8Array {
  const digest = hash('sha256', salt === 0 ? idText : `${idText}\0${salt}`, 'buffer');
  const id = Uint8Array.from(digest.subarray(0, 8));
  id[7] = (id[7] as number) & 0xfe;
  return id;
}

/** What stands for the IP set's CIDRs of one length: its number leads the addresses of these in the hash set. */
export function prefixSetId(id: string, family: Family, length: number): string {
  return `${id}/${family}/${length}`;
}

/** Definitions of the sets that always exist. */
export function standingSets(): NftSet[] {
  return [hostSetDefinition(4), hostSetDefinition(6), portSetDefinition(4), portSetDefinition(6), portRangeDefinition];
}

/** Definition of an interval set named by `netSet()`. */
export function netSetDefinition(name: string): NftSet {
  return { name, keyType: nftType.number, keyLength: name.startsWith('nets4') ? 12 : 24, isInterval: true };
}

/** From interface name to the list chain of its endpoint. */
export function interfaceMapDefinition(name: string): NftSet {
  return { name, keyType: nftType.interfaceName, keyLength: 16, data: 'verdict' };
}

const portRangeDefinition: NftSet = {
  name: portRangeSet,
  keyType: nftType.number,
  keyLength: 12,
  isInterval: true,
};

function hostSetDefinition(family: Family): NftSet {
  const [type, bytes] = addressField(family);
  return {
    name: hostSet(family),
    keyType: concatType(nftType.mark, nftType.mark, type),
    keyLength: 8 + bytes,
    fields: [4, 4, bytes],
  };
}

function portSetDefinition(family: Family): NftSet {
  const [type, bytes] = addressField(family);
  return {
    name: hostPortSet(family),
    keyType: concatType(nftType.mark, nftType.mark, type, nftType.protocol, nftType.port),
    keyLength: 16 + bytes,
    fields: [4, 4, bytes, 1, 2],
  };
}

function addressField(family: Family): readonly [number, number] {
  return family === 4 ? [nftType.ipv4, 4] : [nftType.ipv6, 16];
}

/** nft's number of a concatenation. */
export function concatType(...types: readonly number[]): number {
  return types.reduce((whole, type) => (whole << 6) | type, 0);
}

/** Looks the packet's address up in `set` under `id`. */
export function lookupAddress(
  set: string,
  id: Uint8Array,
  side: Side,
  family: Family,
  isInverted: boolean,
): Expression[] {
  return [{ type: 'load', register: 0, data: id }, loadAddress(side, family, 2), lookup(set, isInverted)];
}

/** Looks the packet's network of this length up in the family's hash set under `id`. */
export function lookupNetwork(
  id: Uint8Array,
  length: number,
  side: Side,
  family: Family,
  isInverted: boolean,
): Expression[] {
  return [
    { type: 'load', register: 0, data: id },
    loadAddress(side, family, 2),
    maskAddress(family, length, 2),
    lookup(hostSet(family), isInverted),
  ];
}

/** Looks address, protocol and port up in the family's host-port set under `id`. */
export function lookupHostPort(id: Uint8Array, side: Side, family: Family, isInverted: boolean): Expression[] {
  const afterAddress = family === 4 ? 3 : 6;
  return [
    { type: 'load', register: 0, data: id },
    loadAddress(side, family, 2),
    { type: 'meta', key: 'l4proto', register: afterAddress },
    loadPort(side, afterAddress + 1),
    lookup(hostPortSet(family), isInverted),
  ];
}

export function lookupPort(id: Uint8Array, side: Side, isInverted: boolean): Expression[] {
  return [{ type: 'load', register: 0, data: id }, loadPort(side, 2), lookup(portRangeSet, isInverted)];
}

function lookup(set: string, isInverted: boolean): Expression {
  return { type: 'lookup', set, register: 0, ...(isInverted ? { isInverted } : {}) };
}
