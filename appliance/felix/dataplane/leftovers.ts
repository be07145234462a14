/** Takes out what a backend left: our table of nf_tables; our chains, hooks and IP sets of iptables in both its variants. I/O. Doing it twice is fine. */
import type { Kernel } from '../../kernel/kernel.ts';
import type { Programs } from '../../kernel/programs.ts';
import type { Logger } from '../../lib/log.ts';
import { families } from './iptables/set-state.ts';
import { removeSets } from './iptables/set-writer.ts';
import { TableWriter } from './iptables/table-writer.ts';
import type { IptablesVariant } from './iptables/tools.ts';
import { findTools } from './iptables/tools.ts';

/** The kernel may have no nf_tables at all; then there is nothing of ours. */
export async function removeNftTable(kernel: Kernel, table = 'calico'): Promise<void> {
  const found = await kernel.nft.dumpTable(table).catch(() => undefined);
  if (found === undefined) return;
  const result = await kernel.nft.apply([
    { type: 'add-table', table },
    { type: 'delete-table', table },
  ]);
  if (!result.ok) throw new Error(`table ${table}: ${result.refusals[0]?.message}`);
}

/** Rules of both variants, then IP sets, which rules hold on to. A host without the programs has nothing of ours. */
export async function removeIptables(programs: Programs, log: Logger): Promise<void> {
  for (const variant of ['nft', 'legacy'] as const) await removeVariant(programs, variant, log);
  await removeSets(programs, log);
}

export async function removeVariant(programs: Programs, variant: IptablesVariant, log: Logger): Promise<void> {
  const tools = await findTools(programs, variant);
  if (tools === undefined) return;
  for (const family of families) {
    const writer = new TableWriter({ programs, tools: tools[family], log });
    // A kernel without this variant has nothing of it.
    const isThere = await writer.read().then(
      () => true,
      () => false,
    );
    if (isThere && !writer.isClean) {
      log.info({ variant, family }, 'rules of ours that are not used any more go');
      await writer.remove();
    }
  }
}
