/**
 * Which host has which addresses: a route for each IPAM block and for each address that another host than its block's uses; or, where IPAM does not say,
 * one for each address of a workload. Pure.
 * How packets are to get there is the pool's to say, so a pool that changes has everything looked at anew.
 */
import { compareText } from '#appliance/lib/collections/compare-text.ts';
import { DeltaTable } from '#appliance/lib/collections/delta.ts';
import { contains, type Prefix, parsePrefix, parsePrefixOrAddress } from '#appliance/lib/ip/address.ts';
import type { FelixConfig } from '../model/config.ts';
import type { ClusterRoute, IpPool, Message } from '../model/messages.ts';
import type { BlockInput } from './convert/block.ts';
import { isV6Text } from './convert/net.ts';
import type { NodeNetwork } from './convert/node-network.ts';

/** Routes that are looked at in one go. */
const restEvery = 500;

export interface Workload {
  readonly node: string;
  /** Of full length. */
  readonly nets: readonly string[];
}

interface Claim {
  /** The block's CIDR, or the workload's key. */
  readonly by: string;
  readonly node: string;
  readonly isBorrowed: boolean;
}

export class ClusterRoutes {
  readonly #hostname: string;
  readonly #pools = new Map<string, { readonly pool: IpPool; readonly prefix: Prefix }>();
  readonly #nodes = new Map<string, NodeNetwork>();
  readonly #blocks = new Map<string, BlockInput>();
  /** Kept only while they are where routes come from. */
  readonly #workloads = new Map<string, Workload>();
  #source: FelixConfig['routeSource'] = 'CalicoIPAM';
  /** By destination; more than one only where blocks of different sizes disagree. */
  readonly #claims = new Map<string, readonly Claim[]>();
  readonly #destinations = new Map<string, Set<string>>();
  readonly #dirty = new Set<string>();
  readonly #table = new DeltaTable<string, ClusterRoute>();

  constructor(hostname: string) {
    this.#hostname = hostname;
  }

  /** Rows held; 0 when all has been removed and handed out. */
  get rows(): number {
    const own = [
      this.#pools,
      this.#nodes,
      this.#blocks,
      this.#workloads,
      this.#claims,
      this.#destinations,
      this.#dirty,
    ];
    return own.reduce((sum, { size }) => sum + size, 0) + this.#table.size + this.#table.pending;
  }

  get hasPending(): boolean {
    return this.#dirty.size > 0 || this.#table.pending > 0;
  }

  /** Adds, replaces or, with undefined, removes the pool of a resource. */
  setPool(name: string, pool: IpPool | undefined): void {
    const prefix = pool && parsePrefix(pool.cidr);
    if (pool === undefined || prefix === undefined) this.#pools.delete(name);
    else this.#pools.set(name, { pool, prefix });
    this.#markAll();
  }

  /** Adds, replaces or, with undefined, removes a node. Who is near is seen from the own one. */
  setNode(name: string, node: NodeNetwork | undefined): void {
    if (node === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, node);
    if (name === this.#hostname) this.#markAll();
    else for (const destination of this.#destinations.get(name) ?? []) this.#dirty.add(destination);
  }

  /** Adds, replaces or, with undefined, removes a block; `cidr` is its key's. */
  setBlock(cidr: string, block: BlockInput | undefined): void {
    const before = this.#blocks.get(cidr);
    if (block === undefined) this.#blocks.delete(cidr);
    else this.#blocks.set(cidr, block);
    if (this.#source === 'CalicoIPAM') this.#replace(cidr, claimsOfBlock(before), claimsOfBlock(block));
  }

  /** Whether workloads are to be told. */
  get areWorkloadsWanted(): boolean {
    return this.#source === 'WorkloadIPs';
  }

  /** Adds, replaces or, with undefined, removes a workload by its key. */
  setWorkload(key: string, workload: Workload | undefined): void {
    if (!this.areWorkloadsWanted) return;
    const before = this.#workloads.get(key);
    if (workload === undefined) this.#workloads.delete(key);
    else this.#workloads.set(key, workload);
    this.#replace(key, claimsOfWorkload(key, before), claimsOfWorkload(key, workload));
  }

  /** Where routes come from now; `workloads` are all there are, by key. */
  setSource(source: FelixConfig['routeSource'], workloads: Iterable<readonly [string, Workload]>): void {
    if (source === this.#source) return;
    const none = new Map<string, Claim>();
    if (source === 'WorkloadIPs') {
      for (const [cidr, block] of this.#blocks) this.#replace(cidr, claimsOfBlock(block), none);
      this.#source = source;
      for (const [key, workload] of workloads) this.setWorkload(key, workload);
    } else {
      for (const key of [...this.#workloads.keys()]) this.setWorkload(key, undefined);
      this.#source = source;
      for (const [cidr, block] of this.#blocks) this.#replace(cidr, none, claimsOfBlock(block));
    }
  }

  forgetSent(): void {
    this.#table.forgetSent();
  }

  /** To be called before removals and updates are taken. */
  *settle(): Generator<undefined> {
    let done = 0;
    for (const destination of this.#dirty) {
      if (++done % restEvery === 0) yield;
      this.#dirty.delete(destination);
      const route = this.#resolve(destination);
      if (route === undefined) this.#table.delete(destination);
      else this.#table.set(destination, route);
    }
  }

  *takeRemovals(): Generator<Message> {
    for (const [destination] of this.#table.takeRemovals()) yield { type: 'route-remove', destination };
  }

  *takeUpdates(): Generator<Message> {
    for (const [, route] of this.#table.takeUpdates()) yield { type: 'route-update', route };
  }

  #markAll(): void {
    for (const destination of this.#claims.keys()) this.#dirty.add(destination);
  }

  #replace(by: string, before: ReadonlyMap<string, Claim>, after: ReadonlyMap<string, Claim>): void {
    for (const [destination, claim] of after)
      if (!isSame(before.get(destination), claim)) this.#claim(destination, claim);
    for (const destination of before.keys()) if (!after.has(destination)) this.#unclaim(destination, by);
  }

  #claim(destination: string, claim: Claim): void {
    this.#unclaim(destination, claim.by);
    this.#claims.set(destination, [...(this.#claims.get(destination) ?? []), claim]);
    const ofNode = this.#destinations.get(claim.node);
    if (ofNode === undefined) this.#destinations.set(claim.node, new Set([destination]));
    else ofNode.add(destination);
  }

  #unclaim(destination: string, by: string): void {
    this.#dirty.add(destination);
    const claims = this.#claims.get(destination) ?? [];
    const gone = claims.find((claim) => claim.by === by);
    if (gone === undefined) return;
    const left = claims.filter((claim) => claim !== gone);
    if (left.length === 0) this.#claims.delete(destination);
    else this.#claims.set(destination, left);
    if (left.some(({ node }) => node === gone.node)) return;
    const ofNode = this.#destinations.get(gone.node);
    ofNode?.delete(destination);
    if (ofNode?.size === 0) this.#destinations.delete(gone.node);
  }

  #resolve(destination: string): ClusterRoute | undefined {
    const claim = winnerOf(this.#claims.get(destination) ?? []);
    if (claim === undefined) return undefined;
    const { node, isBorrowed } = claim;
    const family = isV6Text(destination) ? 6 : 4;
    const nodeAddress = this.#nodes.get(node)?.[family].address;
    const { encapsulation, isCrossSubnet } = modeOf(this.#poolOf(destination));
    return {
      destination,
      node,
      ...(nodeAddress === undefined ? {} : { nodeAddress }),
      encapsulation,
      isSameSubnet: isCrossSubnet && nodeAddress !== undefined && this.#isNear(nodeAddress, family),
      isBorrowed,
    };
  }

  /** The smallest pool around it; of equal ones the first by name. */
  #poolOf(destination: string): IpPool | undefined {
    const prefix = parsePrefix(destination);
    let best: { readonly name: string; readonly pool: IpPool; readonly length: number } | undefined;
    for (const [name, { pool, prefix: around }] of prefix === undefined ? [] : this.#pools) {
      if (around.length > prefix!.length || !contains(around, prefix!.address)) continue;
      const { length } = around;
      const isBetter = best === undefined || length > best.length;
      if (isBetter || (length === best!.length && compareText(name, best!.name) < 0)) best = { name, pool, length };
    }
    return best?.pool;
  }

  #isNear(address: string, family: 4 | 6): boolean {
    const net = this.#nodes.get(this.#hostname)?.[family].net;
    const prefix = net === undefined ? undefined : parsePrefix(net);
    const other = parsePrefixOrAddress(address);
    return prefix !== undefined && other !== undefined && contains(prefix, other.address);
  }
}

function claimsOfBlock(block: BlockInput | undefined): Map<string, Claim> {
  const claims = new Map<string, Claim>();
  if (block === undefined) return claims;
  const { cidr: by, owner, strays } = block;
  if (owner !== undefined) claims.set(by, { by, node: owner, isBorrowed: false });
  for (const { net, node } of strays) claims.set(net, { by, node, isBorrowed: true });
  return claims;
}

function claimsOfWorkload(by: string, workload: Workload | undefined): Map<string, Claim> {
  const { node = '', nets = [] } = workload ?? {};
  return new Map(nets.map((net) => [net, { by, node, isBorrowed: false }]));
}

function isSame(a: Claim | undefined, b: Claim): boolean {
  return a !== undefined && a.node === b.node && a.isBorrowed === b.isBorrowed;
}

/** Who uses an address goes before whose block it is; else the first by name. */
function winnerOf(claims: readonly Claim[]): Claim | undefined {
  return claims.toSorted((a, b) => Number(b.isBorrowed) - Number(a.isBorrowed) || compareText(a.node, b.node))[0];
}

function modeOf(pool: IpPool | undefined): { encapsulation: ClusterRoute['encapsulation']; isCrossSubnet: boolean } {
  if (pool === undefined || !pool.allowedUses.some((use) => use !== 'LoadBalancer'))
    return { encapsulation: 'unknown', isCrossSubnet: false };
  if (pool.vxlanMode !== 'Never') return { encapsulation: 'vxlan', isCrossSubnet: pool.vxlanMode === 'CrossSubnet' };
  if (pool.ipipMode !== 'Never') return { encapsulation: 'ipip', isCrossSubnet: pool.ipipMode === 'CrossSubnet' };
  return { encapsulation: 'none', isCrossSubnet: false };
}
