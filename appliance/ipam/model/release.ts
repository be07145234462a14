/** Takes addresses of a block back: the block afterwards, and what each handle has fewer of. Pure. Source: Calico's IPAM client. */
import { type Attribute, attributeAt, type Block, handleOf, ordinalOf } from './block.ts';

/** An address to take back, and who must have it for that. */
export interface Claim {
  readonly ip: string;
  readonly handle?: string;
  /** Of the assignment, decimal text: an address that was given anew meanwhile has another. */
  readonly sequenceNumber?: string;
}

export interface BlockRelease {
  /** Undefined when nothing changes. */
  readonly next: Block | undefined;
  readonly released: readonly string[];
  /** Nobody has them, or they are cooling down already. */
  readonly notAssigned: readonly string[];
  /** Somebody else has them. When there is one, nothing of the block is released. */
  readonly conflicts: readonly { readonly ip: string; readonly reason: string }[];
  /** Addresses by handle. */
  readonly handles: ReadonlyMap<string, number>;
}

/** Plans it. An address stays given, and marked, for the cool-down; without one it is free at once, to be given after all others. */
export function releaseFromBlock(
  block: Block,
  claims: readonly Claim[],
  nowMs: number,
  cooldownSeconds: number,
): BlockRelease {
  const found = claims.map((claim) => ({ claim, ordinal: ordinalOf(block, claim.ip)! }));
  const isHeld = ({ ordinal }: { ordinal: number }) =>
    attributeAt(block, ordinal)?.releasedAt === undefined && isGiven(block, ordinal);
  const held = found.filter(isHeld);
  const notAssigned = found.filter((one) => !isHeld(one)).map(({ claim }) => claim.ip);
  const conflicts = held.flatMap(({ claim, ordinal }) => {
    const reason = conflictOf(block, claim, ordinal);
    return reason === undefined ? [] : [{ ip: claim.ip, reason }];
  });
  if (conflicts.length > 0 || held.length === 0)
    return { next: undefined, released: [], notAssigned, conflicts, handles: new Map() };
  const marked = withMark(block, new Set(held.map(({ ordinal }) => ordinal)), nowMs);
  const collected = collect(marked, nowMs, cooldownSeconds);
  return {
    next: { ...collected, sequenceNumber: block.sequenceNumber + 1n },
    released: held.map(({ claim }) => claim.ip),
    notAssigned,
    conflicts: [],
    handles: countHandles(
      block,
      held.map(({ ordinal }) => ordinal),
    ),
  };
}

/** The block without what has cooled down: those addresses are free, after all others, and attributes nobody has are gone. */
export function collect(block: Block, nowMs: number, cooldownSeconds: number): Block {
  const isCold = ({ releasedAt }: Attribute) =>
    releasedAt !== undefined && Date.parse(releasedAt) + cooldownSeconds * 1000 <= nowMs;
  const freed = new Set<number>();
  const kept = block.allocations.map((index, ordinal) => {
    const attribute = attributeAt(block, ordinal);
    if (attribute === undefined || !isCold(attribute)) return index;
    freed.add(ordinal);
    return null;
  });
  const used = [...new Set(kept.filter((index) => index !== null))].sort((a, b) => a - b);
  const places = new Map(used.map((index, place) => [index, place]));
  const isLeft = ([ordinal]: readonly [string, bigint]) => !freed.has(Number(ordinal));
  return {
    ...block,
    allocations: kept.map((index) => (index === null ? null : places.get(index)!)),
    unallocated: [...block.unallocated, ...freed],
    attributes: used.flatMap((index) => block.attributes[index] ?? []),
    sequenceNumberForAllocation: new Map([...block.sequenceNumberForAllocation].filter(isLeft)),
  };
}

function isGiven({ allocations }: Block, ordinal: number): boolean {
  return allocations[ordinal] !== null && allocations[ordinal] !== undefined;
}

function conflictOf(block: Block, { handle, sequenceNumber }: Claim, ordinal: number): string | undefined {
  const attribute = attributeAt(block, ordinal);
  const holder = attribute && handleOf(attribute);
  if (handle !== undefined && handle !== (holder ?? ''))
    return `belongs to handle ${holder ?? '<none>'}, not ${handle}`;
  const number = String(block.sequenceNumberForAllocation.get(String(ordinal)) ?? 0n);
  return sequenceNumber === undefined || sequenceNumber === number ? undefined : 'was given anew meanwhile';
}

/** Released addresses share one attribute, which says only when. */
function withMark(block: Block, ordinals: ReadonlySet<number>, nowMs: number): Block {
  const releasedAt = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const place = block.attributes.length;
  return {
    ...block,
    allocations: block.allocations.map((index, ordinal) => (ordinals.has(ordinal) ? place : index)),
    attributes: [...block.attributes, { owner: new Map(), releasedAt, others: {} }],
  };
}

function countHandles(block: Block, ordinals: readonly number[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const ordinal of ordinals) {
    const attribute = attributeAt(block, ordinal);
    const id = attribute && handleOf(attribute);
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}
