/** Which backend enforces: what the configuration says, or what the kernel can do. `probeNft` is I/O, the rest pure. */
import type { Kernel } from '../../kernel/kernel.ts';
import type { FelixConfig } from '../model/config.ts';

export type BackendName = 'nftables' | 'iptables';

/** What the host can do. */
export interface HostAbilities {
  readonly hasNft: boolean;
  /** Programs of iptables may be started. */
  readonly mayRunPrograms: boolean;
}

/** NFTablesMode decides; `Auto` is nftables wherever the kernel has it. */
export function chooseBackend({ nftablesMode }: FelixConfig, { hasNft, mayRunPrograms }: HostAbilities): BackendName {
  if (nftablesMode === 'Enabled' || !mayRunPrograms) return 'nftables';
  return nftablesMode === 'Disabled' || !hasNft ? 'iptables' : 'nftables';
}

/** Whether the kernel answers for nf_tables at all. */
export async function probeNft(kernel: Kernel, tableName = 'calico'): Promise<boolean> {
  return kernel.nft.dumpTable(tableName).then(
    () => true,
    () => false,
  );
}
