/**
 * The ends of tunnels: each node's VXLAN endpoint and WireGuard key, and which encapsulations the pools ask for. Pure.
 * A key that several nodes have is nobody's: whoever holds it twice could read what is meant for the other.
 */
import { DeltaTable } from '#appliance/lib/collections/delta.ts';
import type { Encapsulation, IpPool, Message, TunnelEndpoint, WireguardPeer } from '../model/messages.ts';
import { isV6Text } from './convert/net.ts';
import type { NodeFamily, NodeNetwork } from './convert/node-network.ts';

type Family = 4 | 6;
const families: readonly Family[] = [4, 6];

export class TunnelEndpoints {
  readonly #hostname: string;
  readonly #nodes = new Map<string, NodeNetwork>();
  /** `family key` -> the nodes that publish it. */
  readonly #holders = new Map<string, Set<string>>();
  readonly #vteps = new DeltaTable<string, TunnelEndpoint>();
  readonly #peers = new DeltaTable<string, WireguardPeer>();

  constructor(hostname: string) {
    this.#hostname = hostname;
  }

  /** Rows held; 0 when all has been removed and handed out. */
  get rows(): number {
    const tables = this.#vteps.size + this.#vteps.pending + this.#peers.size + this.#peers.pending;
    return this.#nodes.size + this.#holders.size + tables;
  }

  get hasPending(): boolean {
    return this.#vteps.pending > 0 || this.#peers.pending > 0;
  }

  /** Adds, replaces or, with undefined, removes a node. */
  setNode(name: string, node: NodeNetwork | undefined): void {
    const before = this.#nodes.get(name);
    if (node === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, node);
    const vtep = node && vtepOf(name, node);
    if (vtep === undefined) this.#vteps.delete(name);
    else this.#vteps.set(name, vtep);
    for (const family of families) this.#moveKey(name, family, before?.[family].publicKey, node?.[family].publicKey);
  }

  /** All of it is to be handed out again. */
  forgetSent(): void {
    this.#vteps.forgetSent();
    this.#peers.forgetSent();
  }

  *takeVtepRemovals(): Generator<Message> {
    for (const [node] of this.#vteps.takeRemovals()) yield { type: 'vtep-remove', node };
  }

  *takeVtepUpdates(): Generator<Message> {
    for (const [, vtep] of this.#vteps.takeUpdates()) yield { type: 'vtep-update', vtep };
  }

  *takePeerRemovals(): Generator<Message> {
    for (const [, { family, node }] of this.#peers.takeRemovals())
      yield { type: 'wireguard-peer-remove', family, node };
  }

  *takePeerUpdates(): Generator<Message> {
    for (const [, peer] of this.#peers.takeUpdates()) yield { type: 'wireguard-peer-update', peer };
  }

  #moveKey(name: string, family: Family, before: string | undefined, after: string | undefined): void {
    const touched = new Set([name]);
    if (before !== after) {
      for (const holder of this.#holders.get(`${family} ${before}`) ?? []) touched.add(holder);
      for (const holder of this.#holders.get(`${family} ${after}`) ?? []) touched.add(holder);
      if (before !== undefined) this.#drop(`${family} ${before}`, name);
      if (after !== undefined) this.#hold(`${family} ${after}`, name);
    }
    for (const node of touched) this.#settlePeer(node, family);
  }

  #hold(key: string, name: string): void {
    const holders = this.#holders.get(key);
    if (holders === undefined) this.#holders.set(key, new Set([name]));
    else holders.add(name);
  }

  #drop(key: string, name: string): void {
    const holders = this.#holders.get(key);
    holders?.delete(name);
    if (holders?.size === 0) this.#holders.delete(key);
  }

  #settlePeer(node: string, family: Family): void {
    const network = this.#nodes.get(node)?.[family];
    const isShared = (this.#holders.get(`${family} ${network?.publicKey}`)?.size ?? 0) > 1;
    const peer = network && (node === this.#hostname || !isShared) ? peerOf(node, family, network) : undefined;
    if (peer === undefined) this.#peers.delete(`${family} ${node}`);
    else this.#peers.set(`${family} ${node}`, peer);
  }
}

/** Undefined unless one family has both a node and a tunnel address. */
function vtepOf(node: string, network: NodeNetwork): TunnelEndpoint | undefined {
  const of = ({ address, vxlanAddress, vxlanMac }: NodeFamily) =>
    address === undefined || vxlanAddress === undefined
      ? undefined
      : { address: vxlanAddress, mac: vxlanMac, nodeAddress: address };
  const [ipv4, ipv6] = [of(network[4]), of(network[6])];
  if (ipv4 === undefined && ipv6 === undefined) return undefined;
  return { node, ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) };
}

function peerOf(node: string, family: Family, network: NodeFamily): WireguardPeer | undefined {
  const { address, publicKey, wireguardAddress } = network;
  if (address === undefined || publicKey === undefined) return undefined;
  return { family, node, publicKey, nodeAddress: address, ...(wireguardAddress && { address: wireguardAddress }) };
}

const nothing: Encapsulation = { ipip: false, vxlan: false, vxlanV6: false };

/** Which encapsulations at least one pool asks for; nothing is said while none does. */
export class Encapsulations {
  readonly #pools = new Map<string, IpPool>();
  readonly #table = new DeltaTable<'', Encapsulation>();

  get rows(): number {
    return this.#pools.size + this.#table.size + this.#table.pending;
  }

  get hasPending(): boolean {
    return this.#table.pending > 0;
  }

  /** Adds, replaces or, with undefined, removes the pool of a resource. */
  setPool(name: string, pool: IpPool | undefined): void {
    if (pool === undefined) this.#pools.delete(name);
    else this.#pools.set(name, pool);
    const pools = [...this.#pools.values()];
    const isVxlan = (isV6: boolean) => pools.some((one) => one.vxlanMode !== 'Never' && isV6Text(one.cidr) === isV6);
    const ipip = pools.some((one) => one.ipipMode !== 'Never');
    const encapsulation = { ipip, vxlan: isVxlan(false), vxlanV6: isVxlan(true) };
    if (Object.values(encapsulation).includes(true)) this.#table.set('', encapsulation);
    else this.#table.delete('');
  }

  /** It is to be handed out again. */
  forgetSent(): void {
    this.#table.forgetSent();
  }

  *takeUpdates(): Generator<Message> {
    for (const _ of this.#table.takeRemovals()) yield { type: 'encapsulation', encapsulation: nothing };
    for (const [, encapsulation] of this.#table.takeUpdates()) yield { type: 'encapsulation', encapsulation };
  }
}
