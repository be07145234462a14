/** Takes everything of ours out of a host's kernel: for a host that leaves, never for a stop. I/O. */
import type { Kernel, Route } from '../../kernel/kernel.ts';
import type { FelixConfig } from '../model/config.ts';
import { removeOverlay } from './linux/overlay/remove.ts';
import { isOurs } from './linux/route-plan.ts';

/** Deletes our table, which opens what it kept shut, and routes and devices of ours. Doing it twice is fine. */
export async function uninstall(kernel: Kernel, config: FelixConfig, tableName = 'calico'): Promise<void> {
  const links = new Map((await kernel.links()).map((link) => [link.index, link]));
  const routes: Route[] = [...(await kernel.routes(4)), ...(await kernel.routes(6))];
  const ours = routes.filter((route) => isOurs(route, links.get(route.oif ?? 0), config));
  await kernel.changeRoutes(ours.map((route) => ({ type: 'delete-route', route })));
  await removeOverlay(kernel, config);
  await kernel.nft.apply([
    { type: 'add-table', table: tableName },
    { type: 'delete-table', table: tableName },
  ]);
}
