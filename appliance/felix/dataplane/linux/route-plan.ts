/** Which routes workloads are to have, and which routes of the kernel are ours. Pure. Source: felix, route kinds and ownership. */
import type { Link, Route } from '../../../kernel/kernel.ts';
import type { FelixConfig } from '../../model/config.ts';
import type { WorkloadEndpoint } from '../../model/endpoint.ts';
import { isWorkloadLink } from '../../model/workload-link.ts';

export const mainTable = 254;
const protocolKernel = 2;
const ipv6DefaultMetric = 1024;

/** Destinations of a workload: its addresses and the floating ones that lead to it. */
export function destinationsOf(
  { isActive, ipv4Nets, ipv6Nets, nats }: WorkloadEndpoint,
  config: FelixConfig,
): string[] {
  if (!isActive) return [];
  const floating = (config.areFloatingIpsEnabled ? nats : []).map(
    ({ externalIp }) => `${externalIp}/${externalIp.includes(':') ? 128 : 32}`,
  );
  return [...new Set([...ipv4Nets, ...ipv6Nets, ...floating])];
}

/** Floating addresses that lead to another address of a workload than before, or no longer or only now to it. */
export function redirectedAddresses(before?: WorkloadEndpoint, after?: WorkloadEndpoint): string[] {
  const differing = (some: WorkloadEndpoint['nats'] = [], others: WorkloadEndpoint['nats'] = []) =>
    some.filter((nat) => !others.some((one) => one.externalIp === nat.externalIp && one.internalIp === nat.internalIp));
  const nats = [...differing(before?.nats, after?.nats), ...differing(after?.nats, before?.nats)];
  return [...new Set(nats.map(({ externalIp }) => externalIp))];
}

/** The route to a workload's address through its link. */
export function workloadRoute(destination: string, link: Link, config: FelixConfig): Route {
  const isV6 = destination.includes(':');
  const source = isV6 ? config.deviceRouteSourceAddressV6 : config.deviceRouteSourceAddress;
  return {
    family: isV6 ? 6 : 4,
    destination,
    table: mainTable,
    protocol: config.deviceRouteProtocol,
    priority: isV6 ? config.ipv6RoutePriority || ipv6DefaultMetric : config.ipv4RoutePriority,
    type: 'unicast',
    scope: isV6 ? 'universe' : 'link',
    oif: link.index,
    ...(source === undefined ? {} : { source }),
  };
}

/** Routes through workload links are ours, whoever made them, unless foreign ones may stay; the kernel's own never are. */
export function isOurs(route: Route, link: Link | undefined, config: FelixConfig): boolean {
  if (route.table !== mainTable || link === undefined || route.protocol === protocolKernel) return false;
  if (!isWorkloadLink(link.name, config)) return false;
  if (route.destination.startsWith('fe80:') || route.destination.startsWith('ff')) return false;
  return config.areExternalRoutesRemoved || route.protocol === config.deviceRouteProtocol;
}

export function isSameRoute(a: Route, b: Route): boolean {
  return (
    a.destination === b.destination &&
    a.table === b.table &&
    a.oif === b.oif &&
    a.priority === b.priority &&
    a.protocol === b.protocol &&
    a.type === b.type &&
    a.gateway === b.gateway &&
    a.source === b.source
  );
}

/** It has the key of the other and is another: the kernel keeps one route of a key, unless it was appended. */
export function isInPlaceOf(route: Route, other: Route): boolean {
  const hasSameKey =
    route.destination === other.destination && route.table === other.table && route.priority === other.priority;
  return hasSameKey && !isSameRoute(route, other);
}

/** The bare address of a route to a single address. */
export function singleAddressOf({ destination, family }: Route): string | undefined {
  const [address, length] = destination.split('/');
  return Number(length) === (family === 4 ? 32 : 128) ? address : undefined;
}
