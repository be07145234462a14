/** The dataplane with everything it may be made of: the backends, and the choice between them. I/O. */
import type { Programs } from '../../kernel/programs.ts';
import { probeNft } from './choose.ts';
import type { ChosenDataplane } from './chosen-dataplane.ts';
import { createChosenDataplane } from './chosen-dataplane.ts';
import { createIptablesDataplane } from './iptables/backend.ts';
import type { NftablesDataplaneOptions } from './nftables/backend.ts';
import { createNftablesDataplane } from './nftables/backend.ts';

export interface OpenDataplaneOptions extends NftablesDataplaneOptions {
  /** How programs of iptables are started; absent: there is nftables only. */
  readonly openPrograms?: (() => Programs) | undefined;
  /** See `ChosenDataplaneOptions`. */
  readonly announceAnew: () => void;
}

export async function openDataplane(options: OpenDataplaneOptions): Promise<ChosenDataplane> {
  const { kernel, log, openPrograms, announceAnew, onPass, clock } = options;
  return createChosenDataplane({
    kernel,
    openPrograms,
    hasNft: await probeNft(kernel, options.tableName),
    reports: options.reports,
    log,
    announceAnew,
    onCleaned: () => onPass?.({ operations: 1, bytes: 0, kernelMs: 0, totalMs: 0 }),
    ...(clock === undefined ? {} : { clock }),
    open: (name, reports) =>
      name === 'nftables' || openPrograms === undefined
        ? createNftablesDataplane({ ...options, reports })
        : createIptablesDataplane({
            ...options,
            reports,
            programs: openPrograms(),
            onPass: ({ lines, totalMs }) => onPass?.({ operations: lines, bytes: 0, kernelMs: 0, totalMs }),
          }),
  });
}
