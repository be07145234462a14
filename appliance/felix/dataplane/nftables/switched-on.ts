/** Settings of a table that change what all of its rules decide, without a change of any of them. Pure. */
import type { NftTableDump } from '../../../kernel/kernel.ts';

/** Its base chains see packets, and none drops what no rule decided. */
export function isSwitchedOn({ isDormant, chains }: NftTableDump): boolean {
  return !isDormant && chains.every(({ base }) => base?.doesDrop !== true);
}
