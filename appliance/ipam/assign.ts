/**
 * Gives a host one address of some pools: from its own blocks, else from a block that it claims, else, unless IPAM is strict, from any block with a
 * free one. Read, plan, one transaction for block, handle and affinity, again when somebody was faster. I/O. Source: Calico's IPAM client.
 */
import { absent, unchanged } from '../datastore/effects/guard.ts';
import { type Compare, type Entry, type Op, prefixEnd, type Store } from '../datastore/store.ts';
import { ipamErrors } from './errors.ts';
import { printAffinity } from './model/affinity.ts';
import { type Assignee, assignFromBlock, freeCidr, incremented, newBlock } from './model/assign.ts';
import { addressesOf, attributeAt, type Block, handleOf, parseBlock, printBlock } from './model/block.ts';
import { parseHandle, printHandle } from './model/handle.ts';
import { affinityKey, blockKey, blockPrefixes, cidrOfKey, handleKey } from './model/keys.ts';
import { type AddressRange, isInside, rangeOfCidr } from './model/range.ts';
import { collect } from './model/release.ts';
import type { Pool } from './pool.ts';
import { readConfig, readKind } from './snapshot.ts';

export interface AssignRequest extends Assignee {
  readonly host: string;
  /** Of one family, in the order they are tried; who may use them is the caller's to know. */
  readonly pools: readonly Pool[];
}

const attemptsMax = 20;
const blocksMaxByDefault = 20;

/** The address. IPAM_NO_ADDRESS when the pools have none; IPAM_CONFLICT when others change the same blocks all the time. */
export async function assignAddress(store: Store, request: AssignRequest, now: () => number): Promise<string> {
  const reservations = (await readKind(store, 'IPReservation', 0)).flatMap(
    ({ spec }) => (spec.reservedCIDRs as string[] | undefined)?.flatMap((cidr) => rangeOfCidr(cidr) ?? []) ?? [],
  );
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const outcome = await assignOnce(store, request, reservations, now());
    if (outcome === 'lost') continue;
    if (outcome === undefined) throw ipamErrors.fail('IPAM_NO_ADDRESS', `of ${namesOf(request.pools)}`);
    return outcome;
  }
  throw ipamErrors.fail('IPAM_CONFLICT', `an address of ${namesOf(request.pools)}`);
}

/** The addresses that a handle holds. */
export async function addressesOfHandle(store: Store, id: string): Promise<string[]> {
  const entry = await readEntry(store, handleKey(id));
  const handle = entry && parseHandle(id, entry.value);
  const addresses: string[] = [];
  for (const cidr of handle?.blocks.keys() ?? []) {
    const block = await readBlock(store, cidr);
    if (block === undefined) continue;
    addressesOf(block.block).forEach((address, ordinal) => {
      const attribute = attributeAt(block.block, ordinal);
      if (attribute !== undefined && attribute.releasedAt === undefined && handleOf(attribute) === id)
        addresses.push(address);
    });
  }
  return addresses;
}

type Outcome = string | 'lost' | undefined;

async function assignOnce(
  store: Store,
  request: AssignRequest,
  reservations: readonly AddressRange[],
  nowMs: number,
): Promise<Outcome> {
  const { host, pools } = request;
  const config = await readConfig(store);
  const tryBlock = (cidr: string, isMeant: (block: Block) => boolean) =>
    assignIn(store, request, { cidr, isMeant, reservations, nowMs, cooldownSeconds: config.ipCooldownSeconds });
  const family = pools[0]?.range.family ?? 4;
  const own = (await cidrsBelow(store, affinityPrefix(host, family))).filter((cidr) => rangeOfCidr(cidr) !== undefined);
  for (const cidr of own) {
    if (!pools.some(({ range }) => isInside(range, rangeOfCidr(cidr)!))) continue;
    const outcome = await tryBlock(cidr, ({ affinity }) => affinity === `host:${host}`);
    if (outcome !== undefined) return outcome;
  }
  if (own.length >= (config.maxBlocksPerHost || blocksMaxByDefault) || !config.autoAllocateBlocks) return undefined;
  const claimed = await claim(store, request, reservations, nowMs);
  return claimed !== undefined || config.strictAffinity ? claimed : borrow(store, request, tryBlock);
}

/** From the block of another, or of nobody. */
async function borrow(
  store: Store,
  { pools }: AssignRequest,
  tryBlock: (cidr: string, isMeant: (block: Block) => boolean) => Promise<Outcome>,
): Promise<Outcome> {
  for (const { range } of pools) {
    for (const cidr of await cidrsBelow(store, blockPrefixes[range.family === 4 ? 0 : 1])) {
      const block = rangeOfCidr(cidr);
      if (block === undefined || !isInside(range, block)) continue;
      const outcome = await tryBlock(cidr, ({ isDeleted }) => !isDeleted);
      if (outcome !== undefined) return outcome;
    }
  }
  return undefined;
}

interface Trial {
  readonly cidr: string;
  readonly isMeant: (block: Block) => boolean;
  readonly reservations: readonly AddressRange[];
  readonly nowMs: number;
  readonly cooldownSeconds: number;
}

/** Undefined when the block is not meant, or has no free address. */
async function assignIn(store: Store, request: AssignRequest, trial: Trial): Promise<Outcome> {
  const stored = await readBlock(store, trial.cidr);
  if (stored === undefined || !trial.isMeant(stored.block)) return undefined;
  const block = collect(stored.block, trial.nowMs, trial.cooldownSeconds);
  const given = assignFromBlock(block, request, trial.reservations);
  if (given === undefined) return undefined;
  return (await commit(store, request, given, [unchanged(stored.entry)], [])) ? given.ip : 'lost';
}

/** A block of our own, in the first pool that has room, with its first address given. */
async function claim(
  store: Store,
  request: AssignRequest,
  reservations: readonly AddressRange[],
  nowMs: number,
): Promise<Outcome> {
  const { host, pools } = request;
  for (const { range, blockSize } of pools) {
    const cidrs = await cidrsBelow(store, blockPrefixes[range.family === 4 ? 0 : 1]);
    const blocks = cidrs.flatMap((cidr) => rangeOfCidr(cidr) ?? []);
    const full = reservations.filter((reserved) => reserved.family === range.family && reserved.length <= blockSize);
    const cidr = freeCidr(range, blockSize, [...blocks, ...full], host);
    if (cidr === undefined) continue;
    const given = assignFromBlock(newBlock(cidr, host, nowMs), request, reservations);
    if (given === undefined) continue;
    const affinity = Buffer.from(affinityKey(`host:${host}`, cidr));
    const before = await readEntry(store, affinity.toString());
    const compare = [absent(Buffer.from(blockKey(cidr))), before === undefined ? absent(affinity) : unchanged(before)];
    const put: Op = { type: 'put', key: affinity, value: Buffer.from(printAffinity('confirmed')) };
    return (await commit(store, request, given, compare, [put])) ? given.ip : 'lost';
  }
  return undefined;
}

async function commit(
  store: Store,
  { handle: id }: AssignRequest,
  { next }: { readonly next: Block },
  compare: readonly Compare[],
  writes: readonly Op[],
): Promise<boolean> {
  const key = Buffer.from(handleKey(id));
  const entry = await readEntry(store, key.toString());
  const handle = incremented(id, entry && parseHandle(id, entry.value), next.cidr, 1);
  const txn = await store.txn({
    compare: [...compare, entry === undefined ? absent(key) : unchanged(entry)],
    success: [
      ...writes,
      { type: 'put', key, value: Buffer.from(printHandle(handle)) },
      { type: 'put', key: Buffer.from(blockKey(next.cidr)), value: Buffer.from(printBlock(next)) },
    ],
    failure: [],
  });
  return txn.succeeded;
}

function affinityPrefix(host: string, family: 4 | 6): string {
  const cidr = family === 4 ? '0.0.0.0/0' : '::/0';
  const key = affinityKey(`host:${host}`, cidr);
  return key.slice(0, key.lastIndexOf('/') + 1);
}

async function cidrsBelow(store: Store, prefix: string): Promise<string[]> {
  const key = Buffer.from(prefix);
  const { entries } = await store.range({ key, rangeEnd: prefixEnd(key), keysOnly: true });
  return entries.map((entry) => cidrOfKey(entry.key.toString()));
}

async function readBlock(store: Store, cidr: string): Promise<{ entry: Entry; block: Block } | undefined> {
  const entry = await readEntry(store, blockKey(cidr));
  const parsed = entry && parseBlock(entry.value);
  return parsed?.ok === true ? { entry: entry!, block: parsed.value } : undefined;
}

async function readEntry(store: Store, key: string): Promise<Entry | undefined> {
  return (await store.range({ key: Buffer.from(key) })).entries[0];
}

function namesOf(pools: readonly Pool[]): string {
  return pools.map(({ name }) => name).join(', ');
}
