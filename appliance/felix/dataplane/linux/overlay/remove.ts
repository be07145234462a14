/** Takes the way between hosts out of a host that leaves: routes and devices of ours. I/O. */
import type { Kernel, Route } from '../../../../kernel/kernel.ts';
import type { FelixConfig } from '../../../model/config.ts';
import { isWorkloadLink } from '../../../model/workload-link.ts';
import { isClusterRoute } from './cluster-route-plan.ts';
import { devices } from './tunnel-state.ts';
import { removeWireguard } from './wireguard.ts';

/** Doing it twice is fine. Routes of what is off are ours all the same, by their protocol or device. */
export async function removeOverlay(kernel: Kernel, config: FelixConfig): Promise<void> {
  for (const family of [4, 6] as const) await removeWireguard(kernel, family, config);
  const links = await kernel.links();
  const indexOf = (name: string) => links.find((link) => link.name === name)?.index;
  const tunnels = {
    vxlan: { 4: indexOf(devices.vxlan[4]), 6: indexOf(devices.vxlan[6]) },
    ipip: indexOf(devices.ipip),
    parent: { 4: undefined, 6: undefined },
  };
  const isOfWorkload = (index: number) => {
    const name = links.find((link) => link.index === index)?.name ?? '';
    return isWorkloadLink(name, config);
  };
  const routes: Route[] = [...(await kernel.routes(4)), ...(await kernel.routes(6))];
  const ours = routes.filter((route) => isClusterRoute(route, config, tunnels, isOfWorkload));
  await kernel.changeRoutes(ours.map((route) => ({ type: 'delete-route', route })));
  for (const { index, name, kind } of links) {
    if (kind === 'vxlan' && Object.values<string>(devices.vxlan).includes(name)) await kernel.deleteLink(index);
  }
}
