/**
 * IPAM blocks as the routes see them: whose a block is, and which of its addresses another host uses. Pure.
 * Thousands of blocks are kept on every host, so nothing else of them is. Source: the blocks Calico's IPAM client stores.
 */
import { blockPrefixes, cidrOfKey } from '#appliance/ipam/model/keys.ts';
import { type AddressRange, printNumber, rangeOfCidr } from '#appliance/ipam/model/range.ts';
import { isRecord } from '#appliance/lib/is-record.ts';
import type { Conversion } from './fields.ts';
import { canonicalNet } from './net.ts';

export interface BlockInput {
  readonly cidr: string;
  /** The host it belongs to; undefined for a block of nobody, or of no host. */
  readonly owner: string | undefined;
  /** Single addresses, as nets, that another host than the owner uses. */
  readonly strays: readonly { readonly net: string; readonly node: string }[];
}

/** The CIDR of a block's key; undefined for every other key. */
export function parseBlockKey(key: string): string | undefined {
  const prefix = blockPrefixes.find((one) => key.startsWith(one));
  if (prefix === undefined) return undefined;
  const cidr = cidrOfKey(key);
  return key.length > prefix.length && !key.slice(prefix.length).includes('/') ? cidr : undefined;
}

/** A block that is wrong in any part counts as absent: a route to the wrong host is worse than none. */
export function convertBlock(cidr: string, value: unknown): Conversion<BlockInput> {
  if (value === undefined) return { value: undefined, problems: [] };
  if (!isRecord(value)) return refused('', 'not an object');
  const range = rangeOfCidr(cidr);
  if (range === undefined || canonicalNet(cidr, false) !== cidr) return refused('cidr', 'not a network');
  if (value.cidr !== cidr) return refused('cidr', 'is not the network of the key it is stored under');
  const { allocations, attributes } = value;
  if (!Array.isArray(allocations) || BigInt(allocations.length) > range.size)
    return refused('allocations', 'not a list of the addresses of the block');
  if (attributes !== undefined && attributes !== null && !Array.isArray(attributes))
    return refused('attributes', 'not a list');
  const owner = ownerOf(value);
  const strays = straysOf(range, owner, allocations, nodesOf(attributes ?? []));
  return { value: { cidr, owner, strays }, problems: [] };
}

function refused(path: string, message: string): Conversion<BlockInput> {
  return { value: undefined, problems: [{ path, message }] };
}

/** `hostAffinity` is what very old versions wrote. */
function ownerOf({ affinity, hostAffinity, deleted }: Readonly<Record<string, unknown>>): string | undefined {
  if (deleted === true) return undefined;
  if (typeof affinity === 'string') return affinity.startsWith('host:') ? affinity.slice(5) || undefined : undefined;
  return typeof hostAffinity === 'string' && hostAffinity !== '' ? hostAffinity : undefined;
}

/** By the place of an attribute: the host that uses the addresses it is given to. Released ones have none. */
function nodesOf(attributes: readonly unknown[]): (string | undefined)[] {
  return attributes.map((attribute) => {
    if (!isRecord(attribute) || typeof attribute.releasedAt === 'string') return undefined;
    const node = isRecord(attribute.secondary) ? attribute.secondary.node : undefined;
    return typeof node === 'string' && node !== '' ? node : undefined;
  });
}

function straysOf(
  { family, first }: AddressRange,
  owner: string | undefined,
  allocations: readonly unknown[],
  nodes: readonly (string | undefined)[],
): BlockInput['strays'] {
  if (nodes.every((node) => node === undefined || node === owner)) return [];
  const length = family === 4 ? 32 : 128;
  return allocations.flatMap((index, ordinal) => {
    const node = typeof index === 'number' ? nodes[index] : undefined;
    if (node === undefined || node === owner) return [];
    return [{ net: `${printNumber(family, first + BigInt(ordinal))}/${length}`, node }];
  });
}
