/**
 * Which endpoints of this host speak for which addresses, as far as that can be said of a tracked connection; and whose connections a change
 * may concern. Pure.
 */
import type { FelixConfig } from '../../model/config.ts';
import type { HostEndpoint, WorkloadEndpoint } from '../../model/endpoint.ts';
import { isWorkloadLink } from '../../model/workload-link.ts';
import type { HostInterface } from '../../render/host-resolution.ts';
import { anyInterface } from '../../render/host-resolution.ts';
import type { FlowPlaces, FlowRules } from './judge.ts';
import type { Members } from './set-lookup.ts';
import type { Touched } from './touched.ts';

/** The desired state, as far as flows are judged by it. */
export interface FlowWorld extends Omit<FlowRules, 'sets'> {
  readonly config: FelixConfig | undefined;
  /** The workload that speaks for each interface that has one. */
  speakers(): Iterable<WorkloadEndpoint>;
  readonly hostEndpoints: ReadonlyMap<string, HostEndpoint>;
  /** Interface name or `*` -> host endpoint. */
  readonly resolution: ReadonlyMap<string, string>;
  membersOf(setId: string): Members | undefined;
}

/** Addresses whose connections must be looked at; all connections where policy for forwarded traffic may concern any. */
export function concernedAddresses(
  world: FlowWorld,
  interfaces: Iterable<HostInterface>,
  touched: Touched,
  rules: FlowRules,
): ReadonlySet<string> | 'all' {
  const addresses = new Set<string>();
  for (const endpoint of world.speakers()) {
    const name = `endpoint ${endpoint.interfaceName}`;
    if (!touched.concerns(name, [endpoint.tiers], endpoint.profiles, rules)) continue;
    for (const address of addressesOf(endpoint)) addresses.add(address);
  }
  const hosts = [...world.hostEndpoints.values()].filter((endpoint) =>
    touched.concerns(
      'host endpoints',
      [endpoint.tiers, endpoint.preDnatTiers, endpoint.forwardTiers],
      endpoint.profiles,
      rules,
    ),
  );
  if (hosts.some(({ forwardTiers }) => forwardTiers.length > 0)) return 'all';
  if (hosts.length === 0) return addresses;
  for (const one of interfaces) for (const address of one.addresses) addresses.add(address);
  return addresses;
}

function addressesOf({ ipv4Nets, ipv6Nets }: WorkloadEndpoint): string[] {
  return [...ipv4Nets, ...ipv6Nets].map((net) => net.slice(0, net.indexOf('/')));
}

export function placesOf(world: FlowWorld, config: FelixConfig, interfaces: Iterable<HostInterface>): FlowPlaces {
  const workloads = new Map<string, WorkloadEndpoint[]>();
  for (const endpoint of world.speakers()) {
    for (const address of addressesOf(endpoint)) {
      const others = workloads.get(address);
      if (others === undefined) workloads.set(address, [endpoint]);
      else others.push(endpoint);
    }
  }
  const links = [...interfaces].filter(({ name }) => !isWorkloadLink(name, config));
  const interfaceOf = new Map(links.flatMap(({ name, addresses }) => addresses.map((address) => [address, name])));
  const speakerOf = (name: string) => {
    const owner = world.resolution.get(name) ?? world.resolution.get(anyInterface);
    return owner === undefined ? undefined : world.hostEndpoints.get(owner);
  };
  const outer = [...new Set(links.filter(({ name }) => name !== loopback).map(({ name }) => speakerOf(name)))];
  const any = speakerOf(anyInterface);
  // What pre-DNAT policy accepts, forward policy of the host is not asked about: that cannot be seen here.
  const isAcceptedEarly = [...outer, any].some((endpoint) => (endpoint?.preDnatTiers.length ?? 0) > 0);
  return {
    config,
    workloads,
    hostAddresses: new Set(interfaceOf.keys()),
    hostEndpointsAt: (address) => {
      const name = interfaceOf.get(address);
      // An address of the loopback may be reached by any link.
      if (name === undefined || name === loopback) return [...outer, speakerOf(loopback)];
      return [speakerOf(name)];
    },
    forwardEndpoints: isAcceptedEarly ? { workloads: [], others: [] } : { workloads: [any], others: outer },
  };
}

const loopback = 'lo';
