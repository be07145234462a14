/** Takes everything of ours out of a host's kernel: for a host that leaves, never for a stop. I/O. */
import type { Kernel, Route } from '../../kernel/kernel.ts';
import type { Programs } from '../../kernel/programs.ts';
import type { Logger } from '../../lib/log.ts';
import { silentLogger } from '../../lib/log.ts';
import type { FelixConfig } from '../model/config.ts';
import { removeIptables, removeNftTable } from './leftovers.ts';
import { removeBandwidths } from './linux/bandwidth.ts';
import { removeOverlay } from './linux/overlay/remove.ts';
import { removeProxies } from './linux/proxy-neighbours.ts';
import { isOurs } from './linux/route-plan.ts';

export interface UninstallOptions {
  readonly tableName?: string;
  /** Absent: rules of iptables and IP sets are not looked for. */
  readonly programs?: Programs;
  readonly log?: Logger;
}

/** Deletes our rules of both backends, which opens what they kept shut, and the routes and devices of ours. Doing it twice is fine. */
export async function uninstall(
  kernel: Kernel,
  config: FelixConfig,
  { tableName = 'calico', programs, log = silentLogger }: UninstallOptions = {},
): Promise<void> {
  const links = new Map((await kernel.links()).map((link) => [link.index, link]));
  const routes: Route[] = [...(await kernel.routes(4)), ...(await kernel.routes(6))];
  const ours = routes.filter((route) => isOurs(route, links.get(route.oif ?? 0), config));
  await kernel.changeRoutes(ours.map((route) => ({ type: 'delete-route', route })));
  await removeProxies(kernel);
  for (const markMask of new Set([config.markMask, config.iptablesMarkMask])) {
    await removeOverlay(kernel, { ...config, markMask });
  }
  await removeBandwidths(kernel);
  await removeNftTable(kernel, tableName);
  if (programs !== undefined) await removeIptables(programs, log);
}
