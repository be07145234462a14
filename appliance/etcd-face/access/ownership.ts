/**
 * Whose a key is when its place does not say it: by an endpoint's name, or by what is stored there and in the blocks it names.
 * What was read is remembered by the reader, so that the write can be made to depend on it. Pure but for the reader.
 * Source: the data model (names of workload endpoints, IPAM blocks and handles).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Entry } from '../../datastore/store.ts';

export interface Write {
  readonly node: string;
  readonly key: string;
  /** What will be there; undefined when the key is deleted, or when it keeps what it has. */
  readonly value: Buffer | undefined;
}

export type EntryReader = (key: string) => Promise<Entry | undefined>;
type Ownership = (write: Write, read: EntryReader) => Promise<boolean>;

export const ownerships = { endpointName, specNode, blockAffinity, handleBlocks } as const satisfies Readonly<
  Record<string, Ownership>
>;
export type OwnershipName = keyof typeof ownerships;

/** The first part of a workload endpoint's name is its node; dashes inside a part are doubled. */
async function endpointName({ node, key }: Write): Promise<boolean> {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const own = `${node.replaceAll('-', '--')}-`;
  return name.startsWith(own) && name.length > own.length && name[own.length] !== '-';
}

/** `spec.node` names the node, in what is there and in what comes. */
function specNode(write: Write, read: EntryReader): Promise<boolean> {
  return bothAre(write, read, (stored) => field(field(stored, 'spec'), 'node') === write.node);
}

/** The block is the node's, or nobody's and holds only its addresses; or no more changes in it than addresses that the node borrows or gives back. */
async function blockAffinity(write: Write, read: EntryReader): Promise<boolean> {
  if (await bothAre(write, read, (block) => isOwnBlock(block, write.node))) return true;
  const before = await read(write.key);
  if (before === undefined || write.value === undefined) return false;
  const isStrict = field(parse((await read(ipamConfigKey))?.value), 'strict_affinity') === true;
  return isBorrowing(parse(before.value), parse(write.value), { node: write.node, mayTake: !isStrict });
}

/** What changes with a borrowed address; all else must stay as it is. */
const borrowingFields = ['allocations', 'unallocated', 'attributes', 'sequenceNumber', 'sequenceNumberForAllocation'];

interface Borrower {
  readonly node: string;
  /** It may do more than give back. */
  readonly mayTake: boolean;
}

function isBorrowing(before: unknown, after: unknown, { node, mayTake }: Borrower): boolean {
  const [had, has] = [holdersIn(before), holdersIn(after)];
  if (had === undefined || has === undefined || had.length !== has.length) return false;
  if (!isDeepStrictEqual(withoutFields(before, borrowingFields), withoutFields(after, borrowingFields))) return false;
  const free = field(after, 'unallocated');
  const isFree = (ordinal: unknown) => has[ordinal as number] === null;
  if (!Array.isArray(free) || new Set(free).size !== free.length || !free.every(isFree)) return false;
  if (free.length !== has.filter((holder) => holder === null).length) return false;
  return had.every((holder, ordinal) => {
    const next = has[ordinal];
    if (isDeepStrictEqual(holder, next)) return true;
    const isOurs = (one: unknown) => field(field(one, 'secondary'), 'node') === node;
    // what was given back becomes free once it has cooled down, for whoever comes by
    const wasLeft = holder === null || isOurs(holder) || field(holder, 'releasedAt') !== undefined;
    return wasLeft && (next === null || (isOurs(next) && (mayTake || isOurs(holder))));
  });
}

/** Who has each address: its attribute, null for nobody; undefined when this is no block. */
function holdersIn(block: unknown): readonly unknown[] | undefined {
  const [allocations, attributes] = [field(block, 'allocations'), field(block, 'attributes')];
  if (!Array.isArray(allocations) || !Array.isArray(attributes)) return undefined;
  const holders = allocations.map((index) => (index === null ? null : attributes[index as number]));
  return holders.includes(undefined) ? undefined : holders;
}

function withoutFields(value: unknown, names: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(value as object).filter(([name]) => !names.includes(name)));
}

function isOwnBlock(block: unknown, node: string): boolean {
  const affinity = field(block, 'affinity') ?? null;
  if (affinity !== null) return affinity === `host:${node}`;
  const attributes = field(block, 'attributes') ?? [];
  return Array.isArray(attributes) && attributes.every((one) => field(field(one, 'secondary'), 'node') === node);
}

/** The handle is that of a tunnel of the node by its name; or every block it counts addresses in is the node's; one that is gone is nobody's. */
async function handleBlocks(write: Write, read: EntryReader): Promise<boolean> {
  const id = write.key.slice(write.key.lastIndexOf('/') + 1);
  if (tunnelHandles.some((tunnel) => id === `${tunnel}-tunnel-addr-${write.node}`)) return true;
  const stored = (await read(write.key))?.value;
  for (const value of [stored, write.value]) {
    if (value === undefined) continue;
    const blocks = field(parse(value), 'block') ?? {};
    if (typeof blocks !== 'object') return false;
    for (const cidr of Object.keys(blocks)) {
      const block = await read(blockKey(cidr));
      if (block !== undefined && !isOwnBlock(parse(block.value), write.node)) return false;
    }
  }
  return true;
}

const tunnelHandles = ['ipip', 'vxlan', 'vxlan-v6', 'wireguard', 'wireguard-v6'];
const ipamConfigKey = '/calico/ipam/v2/config';

function blockKey(cidr: string): string {
  return `/calico/ipam/v2/assignment/ipv${cidr.includes(':') ? 6 : 4}/block/${cidr.replace('/', '-')}`;
}

async function bothAre(write: Write, read: EntryReader, isOwn: (stored: unknown) => boolean): Promise<boolean> {
  const stored = await read(write.key);
  const values = [stored?.value, write.value].filter((value) => value !== undefined);
  return values.every((value) => isOwn(parse(value)));
}

/** Numbers may lose digits here; they are not looked at. */
function parse(value: Buffer | undefined): unknown {
  try {
    return JSON.parse(value?.toString() ?? '');
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
