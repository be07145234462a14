/** Who has an address, and which hosts use addresses of others' blocks. Pure. */
import { addressesOf, attributeAt, type Block, handleOf, ordinalOf } from './model/block.ts';

/** An address that is given, or cooling down. */
export interface Assignment {
  readonly ip: string;
  readonly block: string;
  readonly blockAffinity: string | null;
  readonly handle?: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly alternateAttributes?: Readonly<Record<string, string>>;
  readonly releasedAt?: string;
  /** Of the assignment, decimal text; `0` for one of an old version. */
  readonly sequenceNumber: string;
}

export interface Borrowing {
  readonly borrowed: readonly BorrowedAddress[];
  /** Addresses whose attributes name no node. */
  readonly unclassified: number;
}

export interface BorrowedAddress {
  readonly ip: string;
  readonly node: string;
  readonly block: string;
  readonly blockOwner: string;
  readonly type: string;
  readonly allocatedTo: string;
}

/** Every address a block has given, in order. Addresses whose attribute is missing are among its problems, not here. */
export function assignmentsOf(block: Block): Assignment[] {
  return addressesOf(block).flatMap((ip, ordinal) => assignmentAt(block, ordinal, ip) ?? []);
}

/** The assignment of one address; undefined when nobody has it. */
export function assignmentOf(block: Block, ip: string): Assignment | undefined {
  const ordinal = ordinalOf(block, ip);
  return ordinal === undefined ? undefined : assignmentAt(block, ordinal, ip);
}

function assignmentAt(block: Block, ordinal: number, ip: string): Assignment | undefined {
  const attribute = attributeAt(block, ordinal);
  if (attribute === undefined) return undefined;
  const { owner, alternateOwner, releasedAt } = attribute;
  const handle = handleOf(attribute);
  return {
    ip,
    block: block.cidr,
    blockAffinity: block.affinity,
    ...(handle !== undefined && { handle }),
    attributes: Object.fromEntries(owner),
    ...(alternateOwner && { alternateAttributes: Object.fromEntries(alternateOwner) }),
    ...(releasedAt !== undefined && { releasedAt }),
    sequenceNumber: String(block.sequenceNumberForAllocation.get(String(ordinal)) ?? 0n),
  };
}

/** Whether a host uses an address of a block that is not its own. */
export function isBorrowed({ attributes, blockAffinity }: Assignment): boolean {
  return attributes.node !== undefined && blockAffinity !== `host:${attributes.node}`;
}

/** All borrowed addresses, in the order of blocks. */
export function borrowingOf(blocks: readonly Block[]): Borrowing {
  const assignments = blocks.flatMap(assignmentsOf).filter(({ releasedAt }) => releasedAt === undefined);
  return {
    borrowed: assignments.filter(isBorrowed).map(describe),
    unclassified: assignments.filter(({ attributes }) => attributes.node === undefined).length,
  };
}

function describe({ ip, block, blockAffinity, attributes }: Assignment): BorrowedAddress {
  const { node = '', namespace, pod, type } = attributes;
  return {
    ip,
    node,
    block,
    blockOwner: blockAffinity?.replace(/^(?:host|virtual):/, '') ?? '',
    type: type ?? (pod === undefined ? 'unknown' : 'pod'),
    allocatedTo: pod === undefined ? node : `${namespace ?? ''}/${pod}`,
  };
}
