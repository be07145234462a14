/**
 * A block: a small CIDR of a pool, which of its addresses are given, to whom, and in which order free ones will be. Bytes to data and back,
 * byte for byte. Pure. Source: the blocks Calico's IPAM client stores.
 */
import { parseAddress } from '../../lib/ip/address.ts';
import { isRecord } from '../../lib/is-record.ts';
import type { Result } from '../../lib/problem.ts';
import { writeString } from '../../resources/go-json.ts';
import { bigintOf, type Fields, parseFields, textMap, writeMap, writeMembers, writeOthers } from './fields.ts';
import { numberOf, printNumber, rangeOfCidr } from './range.ts';

/** To whom an address is given; several addresses may share one. */
export interface Attribute {
  /** As stored; what comes after a carriage return is not part of the handle. */
  readonly handleId?: string;
  /** `node`, `namespace`, `pod`, `type` and others. */
  readonly owner: ReadonlyMap<string, string>;
  /** Of the machine a virtual one is moving to. */
  readonly alternateOwner?: ReadonlyMap<string, string>;
  /** Released, and not yet to be given again. */
  readonly releasedAt?: string;
  readonly others: Fields;
}

export interface Block {
  readonly cidr: string;
  /** `host:NAME`, `virtual:NAME`, or null: nobody's. */
  readonly affinity: string | null;
  readonly affinityClaimTime?: string;
  /** By ordinal: an index of `attributes`, or null for a free address. */
  readonly allocations: readonly (number | null)[];
  /** Ordinals of free addresses, the next to be given first. */
  readonly unallocated: readonly number[];
  readonly attributes: readonly Attribute[];
  /** One more for every change; begins at the nanoseconds since 1970. */
  readonly sequenceNumber: bigint;
  /** By ordinal: what the block's number was before the address was given. */
  readonly sequenceNumberForAllocation: ReadonlyMap<string, bigint>;
  readonly isDeleted: boolean;
  readonly others: Fields;
}

const known = [
  ...['cidr', 'affinity', 'affinity_claim_time', 'allocations', 'unallocated', 'attributes', 'sequenceNumber'],
  ...['sequenceNumberForAllocation', 'deleted', 'hostAffinity'],
];
const knownOfAttribute = ['handle_id', 'secondary', 'alternateOwnerAttrs', 'releasedAt'];

/** Only what cannot be understood at all is a problem; `blockProblems()` judges what is understood. */
export function parseBlock(value: Uint8Array | string): Result<Block> {
  const fields = parseFields(value);
  if (fields === undefined) return failed('', 'is no JSON object');
  const { cidr, allocations, unallocated } = fields;
  const attributes = fields.attributes ?? [];
  if (![allocations, unallocated, attributes].every(Array.isArray)) return failed('', 'lacks the lists of a block');
  if (typeof cidr !== 'string' || rangeOfCidr(cidr) === undefined) return failed('cidr', 'is no CIDR');
  if (!isListOf(allocations, (one) => one === null || isIndex(one)))
    return failed('allocations', 'is no list of indexes');
  if (!isListOf(unallocated, isIndex)) return failed('unallocated', 'is no list of ordinals');
  if (!isListOf(attributes, isRecord)) return failed('attributes', 'is no list of attributes');
  const claimed = fields.affinity_claim_time;
  return {
    ok: true,
    value: {
      cidr,
      affinity: affinityOf(fields),
      ...(typeof claimed === 'string' && { affinityClaimTime: claimed }),
      allocations: allocations as (number | null)[],
      unallocated: unallocated as number[],
      attributes: (attributes as Fields[]).map(parseAttribute),
      sequenceNumber: bigintOf(fields.sequenceNumber) ?? 0n,
      sequenceNumberForAllocation: sequenceNumbers(fields.sequenceNumberForAllocation),
      isDeleted: fields.deleted === true,
      others: fields,
    },
  };
}

/** The bytes to store. */
export function printBlock(block: Block): string {
  const { affinityClaimTime } = block;
  return writeMembers([
    ['cidr', writeString(block.cidr)],
    ['affinity', block.affinity === null ? 'null' : writeString(block.affinity)],
    ['affinity_claim_time', affinityClaimTime === undefined ? undefined : writeString(affinityClaimTime)],
    ['allocations', `[${block.allocations.map(String).join(',')}]`],
    ['unallocated', `[${block.unallocated.join(',')}]`],
    ['attributes', `[${block.attributes.map(printAttribute).join(',')}]`],
    ['sequenceNumber', String(block.sequenceNumber)],
    ['sequenceNumberForAllocation', writeMap(block.sequenceNumberForAllocation, String)],
    ['deleted', String(block.isDeleted)],
    ...writeOthers(block.others, known),
  ]);
}

/** The handle that holds an address; undefined for none. */
export function handleOf({ handleId }: Attribute): string | undefined {
  const id = handleId?.split('\r', 1)[0];
  return id === '' ? undefined : id;
}

/** The attribute of an ordinal; undefined when the address is free, or the attribute is missing. */
export function attributeAt(block: Block, ordinal: number): Attribute | undefined {
  const index = block.allocations[ordinal];
  return index === null || index === undefined ? undefined : block.attributes[index];
}

/** Where an address stands in a block; undefined when it is not in it. */
export function ordinalOf(block: Pick<Block, 'cidr'>, text: string): number | undefined {
  const range = rangeOfCidr(block.cidr);
  const address = parseAddress(text);
  if (range === undefined || address === undefined || address.family !== range.family) return undefined;
  const place = numberOf(address) - range.first;
  return place >= 0n && place < range.size ? Number(place) : undefined;
}

/** The address of each ordinal, in order. */
export function addressesOf({ cidr, allocations }: Pick<Block, 'cidr' | 'allocations'>): string[] {
  const range = rangeOfCidr(cidr)!;
  return allocations.map((_, ordinal) => printNumber(range.family, range.first + BigInt(ordinal)));
}

/** What Windows keeps back at the ends of a block; it does not count as use. */
export const windowsReservedHandle = 'windows-reserved-ipam-handle';

/** True when nobody has an address of it, cooling ones included. */
export function isEmptyBlock(block: Block): boolean {
  return block.allocations.every((index, ordinal) => {
    const attribute = attributeAt(block, ordinal);
    return index === null || (attribute !== undefined && handleOf(attribute) === windowsReservedHandle);
  });
}

function parseAttribute(fields: Fields): Attribute {
  const { handle_id, alternateOwnerAttrs, releasedAt } = fields;
  return {
    ...(typeof handle_id === 'string' && { handleId: handle_id }),
    owner: textMap(fields.secondary),
    ...(isRecord(alternateOwnerAttrs) && { alternateOwner: textMap(alternateOwnerAttrs) }),
    ...(typeof releasedAt === 'string' && { releasedAt }),
    others: fields,
  };
}

function printAttribute({ handleId, owner, alternateOwner, releasedAt, others }: Attribute): string {
  const map = (texts: ReadonlyMap<string, string> | undefined) =>
    texts === undefined || texts.size === 0 ? undefined : writeMap(texts, writeString);
  return writeMembers([
    ['handle_id', handleId === undefined ? undefined : writeString(handleId)],
    ['secondary', map(owner)],
    ['alternateOwnerAttrs', map(alternateOwner)],
    ['releasedAt', releasedAt === undefined ? undefined : writeString(releasedAt)],
    ...writeOthers(others, knownOfAttribute),
  ]);
}

/** `hostAffinity` is what very old versions wrote. */
function affinityOf({ affinity, hostAffinity }: Fields): string | null {
  if (typeof affinity === 'string') return affinity;
  return typeof hostAffinity === 'string' ? `host:${hostAffinity}` : null;
}

function sequenceNumbers(value: unknown): Map<string, bigint> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return new Map(entries.map(([ordinal, number]) => [ordinal, bigintOf(number) ?? 0n]));
}

function isListOf(value: unknown, matches: (item: unknown) => boolean): value is unknown[] {
  return Array.isArray(value) && value.every(matches);
}

function isIndex(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

function failed(path: string, message: string): Result<never> {
  return { ok: false, problems: [{ path, message }] };
}
