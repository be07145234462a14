/**
 * What a WireGuard device is to know of its peers, and which destinations go through it. Pure. Source: felix, WireGuard.
 * A host's own addresses go through it only after both sides have shaken hands under the keys of now: until then the other may not know ours,
 * and what tells it ours would be what is lost.
 */
import type { Route, WireguardPeerSettings } from '../../../../kernel/kernel.ts';
import type { FelixConfig } from '../../../model/config.ts';
import { clusterProtocol, keyOfRoute } from './cluster-route-plan.ts';
import { netOf, type TunnelState } from './tunnel-state.ts';

export interface WireguardPlanInputs {
  readonly state: TunnelState;
  readonly config: FelixConfig;
  readonly family: 4 | 6;
  readonly ifindex: number;
  readonly table: number;
  /** Public keys of peers with whom hands were shaken. */
  readonly shaken: ReadonlySet<string>;
}

export interface WireguardPlan {
  readonly peers: readonly WireguardPeerSettings[];
  /** By key. */
  readonly routes: ReadonlyMap<string, Route>;
}

/** So often a peer is called until it answers, where its host waits to be reached through it. */
const callSeconds = 5;

export function planWireguard(inputs: WireguardPlanInputs): WireguardPlan {
  const { state, config, family, shaken } = inputs;
  const port = family === 4 ? config.wireguardPort : config.wireguardPortV6;
  const isEncrypted = config.isWireguardHostEncryptionEnabled;
  const nets = netsOfNodes(state, family);
  const peers: WireguardPeerSettings[] = [];
  const routes = new Map<string, Route>();
  const add = (route: Route) => void routes.set(keyOfRoute(route), route);
  const taken = new Set<string>();
  for (const { node, family: of, publicKey, nodeAddress, address } of sortedPeers(state)) {
    if (of !== family || node === state.hostname) continue;
    const ofWorkloads = [...(nets.get(node) ?? []), ...(address === undefined ? [] : [netOf(address)])];
    const ofHost = isEncrypted ? hostNets(state, family, node, nodeAddress) : [];
    const own = [...new Set([...ofWorkloads, ...ofHost])].filter((net) => !taken.has(net)).sort();
    for (const net of own) taken.add(net);
    const isShaken = shaken.has(publicKey);
    const configured = Math.round(config.wireguardKeepAliveMs / 1000);
    const keepAliveSeconds = isEncrypted && !isShaken ? callSeconds : configured;
    peers.push({ publicKey, endpoint: { address: nodeAddress, port }, keepAliveSeconds, allowedNets: own });
    const waiting = new Set(isShaken ? [] : ofHost);
    for (const net of own) if (!waiting.has(net)) add(through(inputs, net));
  }
  for (const destination of nets.get(state.hostname) ?? []) add(past(inputs, destination));
  for (const [node, others] of nets) {
    if (node === state.hostname || state.peers.has(`${family} ${node}`)) continue;
    for (const destination of others) add(past(inputs, destination));
  }
  return { peers, routes };
}

function sortedPeers({ peers }: TunnelState) {
  return [...peers.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
}

function netsOfNodes(state: TunnelState, family: 4 | 6): Map<string, string[]> {
  const nets = new Map<string, string[]>();
  for (const { destination, node, encapsulation } of state.routes.values()) {
    if (encapsulation === 'unknown' || destination.includes(':') !== (family === 6)) continue;
    const known = nets.get(node);
    if (known === undefined) nets.set(node, [destination]);
    else known.push(destination);
  }
  return nets;
}

function hostNets(state: TunnelState, family: 4 | 6, node: string, nodeAddress: string): string[] {
  const ipip = family === 4 ? state.hosts.get(node)?.ipipTunnelAddress : undefined;
  const all = [nodeAddress, state.vtepOf(node, family)?.address, ipip];
  return all.flatMap((address) => (address === undefined ? [] : [netOf(address)]));
}

function through({ config, family, ifindex: oif, table }: WireguardPlanInputs, destination: string): Route {
  const scope = family === 4 ? 'link' : 'universe';
  return { ...base(config, family, table), destination, scope, type: 'unicast', oif };
}

/** Back to the main table, also where a larger block of a peer lies around it. */
function past({ config, family, table }: WireguardPlanInputs, destination: string): Route {
  return { ...base(config, family, table), destination, scope: 'universe', type: 'throw' };
}

function base(config: FelixConfig, family: 4 | 6, table: number) {
  const priority = family === 4 ? config.ipv4RoutePriority : config.ipv6RoutePriority;
  return { family, table, protocol: clusterProtocol(config), priority } as const;
}
