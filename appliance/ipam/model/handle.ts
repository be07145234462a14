/** A handle: how many addresses of which blocks one owner has. Bytes to data and back. Pure. Source: the handles Calico's IPAM client stores. */
import { isRecord } from '../../lib/is-record.ts';
import { type Fields, parseFields, writeMap, writeMembers, writeOthers } from './fields.ts';

export interface Handle {
  readonly id: string;
  /** Addresses by the CIDR of their block. */
  readonly blocks: ReadonlyMap<string, number>;
  readonly isDeleted: boolean;
  readonly others: Fields;
}

/** Undefined when it lists no blocks. */
export function parseHandle(id: string, value: Uint8Array | string): Handle | undefined {
  const fields = parseFields(value);
  if (fields === undefined || !isRecord(fields.block)) return undefined;
  const blocks = new Map(Object.entries(fields.block).map(([cidr, count]) => [cidr, Number(count)]));
  return { id, blocks, isDeleted: fields.deleted === true, others: fields };
}

/** The bytes to store. */
export function printHandle({ blocks, isDeleted, others }: Handle): string {
  return writeMembers([
    ['block', writeMap(blocks, String)],
    ['deleted', String(isDeleted)],
    ...writeOthers(others, ['block', 'deleted']),
  ]);
}

/** With `count` addresses of a block fewer; undefined when none are left. */
export function decremented(handle: Handle, cidr: string, count: number): Handle | undefined {
  const left = (handle.blocks.get(cidr) ?? 0) - count;
  const blocks = new Map(handle.blocks);
  if (left > 0) blocks.set(cidr, left);
  else blocks.delete(cidr);
  return blocks.size === 0 ? undefined : { ...handle, blocks };
}
