/**
 * Whose a key is when its place does not say it: by an endpoint's name, or by what is stored there and in the blocks it names.
 * What was read is remembered by the reader, so that the write can be made to depend on it. Pure but for the reader.
 * Source: the data model (names of workload endpoints, IPAM blocks and handles).
 */
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

/** The block is the node's, or nobody's and holds only its addresses. */
function blockAffinity(write: Write, read: EntryReader): Promise<boolean> {
  return bothAre(write, read, (block) => isOwnBlock(block, write.node));
}

function isOwnBlock(block: unknown, node: string): boolean {
  const affinity = field(block, 'affinity') ?? null;
  if (affinity !== null) return affinity === `host:${node}`;
  const attributes = field(block, 'attributes') ?? [];
  return Array.isArray(attributes) && attributes.every((one) => field(field(one, 'secondary'), 'node') === node);
}

/** Every block a handle counts addresses in is the node's; one that is gone already is nobody's. */
async function handleBlocks(write: Write, read: EntryReader): Promise<boolean> {
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

function blockKey(cidr: string): string {
  return `/calico/ipam/v2/assignment/ipv${cidr.includes(':') ? 6 : 4}/block/${cidr.replace('/', '-')}`;
}

async function bothAre(write: Write, read: EntryReader, isOwn: (stored: unknown) => boolean): Promise<boolean> {
  const stored = await read(write.key);
  const values = [stored?.value, write.value].filter((value) => value !== undefined);
  return values.every((value) => isOwn(parse(value)));
}

/** Numbers may lose digits here; they are not looked at. */
function parse(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString());
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
