/** Which routes of the main table lead to the workloads of other hosts, and which of the kernel's are ours. Pure. Source: felix, route kinds and ownership. */
import type { Route } from '../../../../kernel/kernel.ts';
import type { FelixConfig } from '../../../model/config.ts';
import type { ClusterRoute } from '../../../model/messages.ts';
import { mainTable } from '../route-plan.ts';
import type { TunnelState } from './tunnel-state.ts';

const protocolKernel = 2;
const protocolBoot = 3;
/** Of what no link of ours says to be ours. */
export const protocolCluster = 80;
const protocolBird = 12;

/** Indexes of links; absent for those that are not there. */
export interface TunnelLinks {
  readonly vxlan: Readonly<Record<4 | 6, number | undefined>>;
  readonly ipip: number | undefined;
  /** The link with this host's own address. */
  readonly parent: Readonly<Record<4 | 6, number | undefined>>;
}

export interface RoutePlanInputs {
  readonly state: TunnelState;
  readonly config: FelixConfig;
  readonly links: TunnelLinks;
  /** A workload of this host has this destination: its own route goes before all others. */
  readonly isLocal: (destination: string) => boolean;
}

/** What two routes cannot both have in the kernel. */
export function keyOfRoute({ family, table, destination, priority }: Route): string {
  return `${family} ${table} ${destination} ${priority}`;
}

export function isSingle(destination: string): boolean {
  return destination.endsWith(destination.includes(':') ? '/128' : '/32');
}

/** Of DeviceRouteProtocol's default nobody could tell ours from others'. */
export function clusterProtocol({ deviceRouteProtocol }: FelixConfig): number {
  return deviceRouteProtocol === protocolBoot ? protocolCluster : deviceRouteProtocol;
}

/** Whether the routes of an encapsulation are ours to write; those of others are a BGP daemon's. */
export function isProgrammed(encapsulation: ClusterRoute['encapsulation'], { programClusterRoutes }: FelixConfig) {
  if (encapsulation === 'vxlan') return true;
  if (programClusterRoutes === 'Enabled') return encapsulation !== 'unknown';
  if (encapsulation === 'ipip') return programClusterRoutes === 'EnabledIPIPOnly';
  return encapsulation === 'none' && programClusterRoutes === 'EnabledNoEncapOnly';
}

/** By key. A route whose link or gateway is not known yet is left out. */
export function planClusterRoutes(inputs: RoutePlanInputs): Map<string, Route> {
  const planned = new Map<string, Route>();
  for (const clusterRoute of inputs.state.routes.values()) {
    const route = planOne(clusterRoute, inputs);
    if (route !== undefined) planned.set(keyOfRoute(route), route);
  }
  return planned;
}

function planOne(clusterRoute: ClusterRoute, inputs: RoutePlanInputs): Route | undefined {
  const { destination, node, encapsulation } = clusterRoute;
  const { config, state, isLocal } = inputs;
  if (!isProgrammed(encapsulation, config)) return undefined;
  const family = destination.includes(':') ? 6 : 4;
  const base = {
    family,
    destination,
    table: mainTable,
    protocol: clusterProtocol(config),
    priority: family === 6 ? config.ipv6RoutePriority : config.ipv4RoutePriority,
    scope: 'universe',
  } as const;
  if (node === state.hostname) {
    // What none of our workloads has goes nowhere, rather than by the default route and back.
    return isSingle(destination) ? undefined : { ...base, type: 'blackhole' };
  }
  if (isSingle(destination) && isLocal(destination)) return undefined;
  const hop = hopOf(clusterRoute, family, inputs);
  return hop && { ...base, ...hop, type: 'unicast', isOnlink: true };
}

function hopOf(
  { node, nodeAddress, encapsulation, isSameSubnet }: ClusterRoute,
  family: 4 | 6,
  { state, config, links }: RoutePlanInputs,
): Pick<Route, 'oif' | 'gateway'> | undefined {
  if (nodeAddress === undefined) return undefined;
  if (encapsulation === 'none' || isSameSubnet) return hop(links.parent[family], nodeAddress);
  if (encapsulation === 'vxlan' && state.isVxlan(config, family))
    return hop(links.vxlan[family], state.vtepOf(node, family)?.address);
  return encapsulation === 'ipip' && state.isIpip(config) ? hop(links.ipip, nodeAddress) : undefined;
}

function hop(oif: number | undefined, gateway: string | undefined): Pick<Route, 'oif' | 'gateway'> | undefined {
  return oif === undefined || gateway === undefined ? undefined : { oif, gateway };
}

/** By our protocol, or through a device that is only ours; never the kernel's own, and never through a workload's link. */
export function isClusterRoute(
  route: Route,
  config: FelixConfig,
  links: TunnelLinks,
  isWorkloadLink: (index: number) => boolean,
): boolean {
  if (route.table !== mainTable || route.protocol === protocolKernel) return false;
  if (route.destination.startsWith('fe80:') || route.destination.startsWith('ff')) return false;
  const { oif } = route;
  if (oif !== undefined && (oif === links.vxlan[4] || oif === links.vxlan[6])) return true;
  if (oif !== undefined && oif === links.ipip && route.protocol === protocolBird) return isProgrammed('ipip', config);
  return route.protocol === clusterProtocol(config) && (oif === undefined || !isWorkloadLink(oif));
}

export function isSameClusterRoute(a: Route, b: Route): boolean {
  return (
    a.type === b.type &&
    a.protocol === b.protocol &&
    a.oif === b.oif &&
    a.gateway === b.gateway &&
    (a.isOnlink ?? false) === (b.isOnlink ?? false)
  );
}
