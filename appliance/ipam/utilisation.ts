/** How full pools and blocks are. Free addresses are counted, not derived: one that was given before it was reserved counts as both. Pure. */

import { parseAddress } from '../lib/ip/address.ts';
import type { Block } from './model/block.ts';
import { type AddressRange, isInside, numberOf, rangeOfCidr, sharedSize } from './model/range.ts';
import type { Pool } from './pool.ts';
import type { Snapshot } from './snapshot.ts';

/** Numbers as decimal text: an IPv6 pool has more addresses than a double can count. */
export interface Usage {
  readonly cidr: string;
  readonly capacity: string;
  readonly inUse: string;
  readonly reserved: string;
  readonly free: string;
}

export interface PoolUsage extends Usage {
  /** Absent for blocks that lie in no pool. */
  readonly name?: string;
  readonly blocks: readonly (Usage & { readonly affinity: string | null })[];
}

interface Counts {
  readonly capacity: bigint;
  readonly inUse: bigint;
  readonly reserved: bigint;
  readonly free: bigint;
}

/** Pools by name, then those blocks that are in none, if any. */
export function utilisationOf({ pools, blocks, reservations }: Snapshot): PoolUsage[] {
  const reserved = withoutOverlaps(reservations.flatMap((cidr) => rangeOf(cidr) ?? []));
  const placed = new Set<Block>();
  const usages = [...pools]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((pool) => {
      const inside = blocks.filter((block) => isInside(pool.range, rangeOfCidr(block.cidr)!));
      for (const block of inside) placed.add(block);
      return poolUsage(pool, inside, reserved);
    });
  const orphans = blocks.filter((block) => !placed.has(block));
  if (orphans.length === 0) return usages;
  const counted = orphans.map((block) => ({ block, counts: countsOf(block, reserved) }));
  const counts = sum(counted.map(({ counts }) => counts));
  return [...usages, { cidr: 'orphaned allocation blocks', ...printed(counts), blocks: counted.map(blockUsage) }];
}

function poolUsage(pool: Pool, blocks: readonly Block[], reserved: readonly AddressRange[]): PoolUsage {
  const counted = blocks.map((block) => ({ block, counts: countsOf(block, reserved) }));
  const inside = sum(counted.map(({ counts }) => counts));
  const reservedInPool = total(reserved.map((range) => sharedSize(range, pool.range)));
  const counts = {
    capacity: pool.range.size,
    inUse: inside.inUse,
    reserved: reservedInPool,
    free: pool.range.size - inside.capacity - (reservedInPool - inside.reserved) + inside.free,
  };
  return { name: pool.name, cidr: pool.cidr, ...printed(counts), blocks: counted.map(blockUsage) };
}

function countsOf(block: Block, reserved: readonly AddressRange[]): Counts {
  const range = rangeOfCidr(block.cidr)!;
  const near = reserved.filter((one) => sharedSize(one, range) > 0n);
  const isReserved = (place: number) => {
    const address = range.first + BigInt(place);
    return near.some(({ first, size }) => address >= first && address < first + size);
  };
  return {
    capacity: range.size,
    inUse: BigInt(block.allocations.filter((index) => index !== null).length),
    reserved: total(near.map((one) => sharedSize(one, range))),
    free: BigInt(block.unallocated.filter((ordinal) => near.length === 0 || !isReserved(ordinal)).length),
  };
}

function blockUsage({ block, counts }: { readonly block: Block; readonly counts: Counts }) {
  return { cidr: block.cidr, affinity: block.affinity, ...printed(counts) };
}

function sum(list: readonly Counts[]): Counts {
  const of = (name: keyof Counts) => total(list.map((counts) => counts[name]));
  return { capacity: of('capacity'), inUse: of('inUse'), reserved: of('reserved'), free: of('free') };
}

function total(values: readonly bigint[]): bigint {
  return values.reduce((all, value) => all + value, 0n);
}

function printed({ capacity, inUse, reserved, free }: Counts) {
  return { capacity: String(capacity), inUse: String(inUse), reserved: String(reserved), free: String(free) };
}

/** A reservation may name one address. */
function rangeOf(cidr: string): AddressRange | undefined {
  const address = parseAddress(cidr);
  if (address === undefined) return rangeOfCidr(cidr);
  return { family: address.family, first: numberOf(address), size: 1n, length: address.bytes.length * 8 };
}

/** Of CIDRs one contains the other, or they share nothing. */
function withoutOverlaps(ranges: readonly AddressRange[]): AddressRange[] {
  return ranges.filter(
    (range, i) => !ranges.some((other, j) => i !== j && isInside(other, range) && (!isInside(range, other) || j < i)),
  );
}
