/** Gives an address of a block, and makes blocks to give from: the values afterwards. Pure. Source: Calico's IPAM client. */
import { addressesOf, type Block } from './block.ts';
import type { Handle } from './handle.ts';
import { type AddressRange, isInside, printNumber, rangeOfCidr } from './range.ts';

/** Who gets it. */
export interface Assignee {
  readonly handle: string;
  /** `node` and `type` of a tunnel's address. */
  readonly owner: ReadonlyMap<string, string>;
}

/** The block with its next free address given; undefined when it has none outside of the reservations. */
export function assignFromBlock(
  block: Block,
  { handle, owner }: Assignee,
  reservations: readonly AddressRange[],
): { readonly next: Block; readonly ip: string } | undefined {
  const addresses = addressesOf(block);
  const isFree = (ordinal: number) => {
    const range = addresses[ordinal] === undefined ? undefined : rangeOfAddress(addresses[ordinal]);
    return range !== undefined && !reservations.some((reserved) => isInside(reserved, range));
  };
  const ordinal = block.unallocated.find(isFree);
  if (ordinal === undefined) return undefined;
  const known = block.attributes.findIndex(
    (one) => one.handleId === handle && one.releasedAt === undefined && isSame(one.owner, owner),
  );
  const index = known < 0 ? block.attributes.length : known;
  const attributes = known < 0 ? [...block.attributes, { handleId: handle, owner, others: {} }] : block.attributes;
  const numbers = new Map(block.sequenceNumberForAllocation).set(String(ordinal), block.sequenceNumber);
  return {
    ip: addresses[ordinal]!,
    next: {
      ...block,
      allocations: block.allocations.map((before, at) => (at === ordinal ? index : before)),
      unallocated: block.unallocated.filter((one) => one !== ordinal),
      attributes,
      sequenceNumber: block.sequenceNumber + 1n,
      sequenceNumberForAllocation: numbers,
    },
  };
}

/** A block of `host`, all of it free. */
export function newBlock(cidr: string, host: string, nowMs: number): Block {
  const size = Number(rangeOfCidr(cidr)!.size);
  return {
    cidr,
    affinity: `host:${host}`,
    affinityClaimTime: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
    allocations: new Array<null>(size).fill(null),
    unallocated: Array.from({ length: size }, (_, ordinal) => ordinal),
    attributes: [],
    sequenceNumber: BigInt(Math.round(nowMs)) * 1_000_000n,
    sequenceNumberForAllocation: new Map(),
    isDeleted: false,
    others: {},
  };
}

/** With `count` addresses of a block more. */
export function incremented(id: string, handle: Handle | undefined, cidr: string, count: number): Handle {
  const before = handle ?? { id, blocks: new Map(), isDeleted: false, others: {} };
  return { ...before, blocks: new Map(before.blocks).set(cidr, (before.blocks.get(cidr) ?? 0) + count) };
}

/**
 * The first CIDR of a pool that no block lies in. Hosts begin at different places, so that they seldom meet; undefined when the pool is full.
 */
export function freeCidr(
  pool: AddressRange,
  blockSize: number,
  blocks: readonly AddressRange[],
  host: string,
): string | undefined {
  if (blockSize < pool.length) return undefined;
  const count = 1n << BigInt(blockSize - pool.length);
  const size = pool.size / count;
  const taken = new Set<bigint>();
  for (const block of blocks) {
    if (!isInside(pool, block)) continue;
    const [first, last] = [(block.first - pool.first) / size, (block.first + block.size - 1n - pool.first) / size];
    for (let index = first; index <= last; index++) taken.add(index);
  }
  const start = BigInt(hashOf(host)) % count;
  for (let i = 0n; i < count && i <= BigInt(taken.size); i++) {
    const index = (start + i) % count;
    if (!taken.has(index)) return `${printNumber(pool.family, pool.first + index * size)}/${blockSize}`;
  }
  return undefined;
}

/** FNV-1, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  return hash;
}

function rangeOfAddress(address: string): AddressRange | undefined {
  return rangeOfCidr(`${address}/${address.includes(':') ? 128 : 32}`);
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
