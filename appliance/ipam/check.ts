/**
 * Holds what IPAM says against who uses which address: workloads, tunnels and the hosts' own addresses. Needs no orchestrator. Pure.
 * Source: calicoctl's `ipam check`.
 */
import { parseAddress, parsePrefix, printAddress } from '../lib/ip/address.ts';
import type { Resource } from '../resources/resource.ts';
import { type Assignment, assignmentsOf, isBorrowed } from './lookup.ts';
import { attributeAt, handleOf } from './model/block.ts';
import { blockProblems } from './model/block-problems.ts';
import { type AddressRange, numberOf } from './model/range.ts';
import type { WholeSnapshot } from './snapshot.ts';

/** An assignment as reports have it. */
export interface ReportedAllocation {
  readonly ip: string;
  readonly handle: string;
  readonly sequenceNumber: string;
  readonly pod: string;
  readonly namespace: string;
  readonly node: string;
  readonly type: string;
  readonly creationTimestamp: string;
  readonly inUse: boolean;
  readonly borrowed: boolean;
  readonly coolingDown: boolean;
  /** Who uses it. */
  readonly owners: readonly string[];
}

export interface LeakedHandle {
  readonly id: string;
  readonly revision: string;
}

export interface IpamCheck {
  readonly cluster: WholeSnapshot['cluster'];
  readonly blocks: readonly {
    readonly cidr: string;
    readonly affinity: string | null;
    readonly allocations: readonly ReportedAllocation[];
  }[];
  readonly pools: readonly { readonly name: string; readonly cidr: string; readonly isDisabled: boolean }[];
  readonly counts: {
    readonly allocations: number;
    readonly nodeAddresses: number;
    readonly workloadAddresses: number;
    readonly addressesInUse: number;
    readonly handles: number;
    readonly handlesWithAddresses: number;
  };
  readonly allocationsByNode: readonly { readonly node: string; readonly allocations: number }[];
  readonly problems: {
    /** Given, and nobody uses them. */
    readonly leaked: readonly ReportedAllocation[];
    readonly outsidePools: readonly UsedAddress[];
    readonly notAllocated: readonly UsedAddress[];
    readonly severalOwners: readonly UsedAddress[];
    readonly leakedHandles: readonly LeakedHandle[];
    /** Blocks name them, and there are none. */
    readonly missingHandles: readonly string[];
    /** Handles and affinities that disagree with blocks. */
    readonly disagreements: readonly string[];
    readonly invalid: readonly { readonly key: string; readonly problem: string }[];
  };
  /** All of them. */
  readonly problemCount: number;
}

export interface UsedAddress {
  readonly ip: string;
  readonly owners: readonly string[];
}

/** Judges a whole store. */
export function checkIpam(snapshot: WholeSnapshot, nowMs: number): IpamCheck {
  const uses = usesOf(snapshot);
  const blocks = snapshot.blocks.map((block) => ({
    cidr: block.cidr,
    affinity: block.affinity,
    allocations: assignmentsOf(block).map((assignment) => report(assignment, uses.ownersOf(assignment))),
  }));
  const allocations = blocks.flatMap((block) => block.allocations);
  const given = new Map(allocations.map((allocation) => [allocation.ip, allocation]));
  const { withAddresses, ...handles } = judgeHandles(snapshot);
  const problems = {
    leaked: allocations.filter(({ inUse, coolingDown }) => !inUse && !coolingDown),
    ...judgeUses(snapshot, uses.required, given),
    ...handles,
    disagreements: [...handles.disagreements, ...affinityProblems(snapshot)],
    invalid: [
      ...snapshot.unreadable,
      ...snapshot.blocks.flatMap((block) =>
        blockProblems(block, nowMs).map((problem) => ({ key: block.cidr, problem })),
      ),
    ],
  };
  return {
    cluster: snapshot.cluster,
    blocks,
    pools: snapshot.pools.map(({ name, cidr, isDisabled }) => ({ name, cidr, isDisabled })),
    counts: {
      allocations: allocations.length,
      nodeAddresses: uses.nodeAddresses,
      workloadAddresses: uses.workloadAddresses,
      addressesInUse: uses.required.size,
      handles: snapshot.handles.length,
      handlesWithAddresses: withAddresses,
    },
    allocationsByNode: byNode(allocations),
    problems,
    problemCount: Object.values(problems).reduce((count, list) => count + list.length, 0),
  };
}

function report(assignment: Assignment, owners: readonly string[]): ReportedAllocation {
  const { ip, handle = '', attributes, releasedAt, sequenceNumber } = assignment;
  return {
    ip,
    handle,
    sequenceNumber,
    pod: attributes.pod ?? '',
    namespace: attributes.namespace ?? '',
    node: attributes.node ?? '',
    type: attributes.type ?? '',
    creationTimestamp: attributes.timestamp ?? '',
    inUse: owners.length > 0,
    borrowed: isBorrowed(assignment),
    coolingDown: releasedAt !== undefined,
    owners,
  };
}

/** Who uses which address. `required`: those that IPAM must have given. */
function usesOf({ nodes, workloads }: WholeSnapshot) {
  const required = new Map<string, string[]>();
  const known = new Map<string, string[]>();
  const add = (map: Map<string, string[]>, text: unknown, owner: string) => {
    const ip = typeof text === 'string' ? addressIn(text) : undefined;
    if (ip === undefined) return 0;
    map.set(ip, [...(map.get(ip) ?? []), owner]);
    return 1;
  };
  let workloadAddresses = 0;
  for (const { metadata, spec } of workloads)
    for (const network of (spec.ipNetworks as unknown[] | undefined) ?? [])
      workloadAddresses += add(required, network, `Workload(${metadata.namespace}/${metadata.name})`);
  let nodeAddresses = 0;
  for (const node of nodes) {
    for (const text of tunnelAddressesOf(node)) nodeAddresses += add(required, text, `Node(${node.metadata.name})`);
    for (const text of hostAddressesOf(node)) add(known, text, `Node(${node.metadata.name})`);
  }
  const ownersOf = ({ ip }: Assignment) => [...(required.get(ip) ?? []), ...(known.get(ip) ?? [])];
  return { required, ownersOf, workloadAddresses, nodeAddresses };
}

function tunnelAddressesOf({ spec }: Resource): unknown[] {
  const { bgp, wireguard, ipv4VXLANTunnelAddr, ipv6VXLANTunnelAddr } = spec as Record<string, Record<string, unknown>>;
  return [
    bgp?.ipv4IPIPTunnelAddr,
    ipv4VXLANTunnelAddr,
    ipv6VXLANTunnelAddr,
    wireguard?.interfaceIPv4Address,
    wireguard?.interfaceIPv6Address,
  ];
}

/** Not from pools as a rule; one that is belongs to its host. */
function hostAddressesOf({ spec }: Resource): unknown[] {
  const { bgp } = spec as Record<string, Record<string, unknown>>;
  return [bgp?.ipv4Address, bgp?.ipv6Address];
}

/** The canonical text of an address, alone or with a length. */
function addressIn(text: string): string | undefined {
  const address = parseAddress(text) ?? parsePrefix(text)?.address;
  return address && printAddress(address);
}

function judgeUses(
  { pools }: WholeSnapshot,
  required: ReadonlyMap<string, readonly string[]>,
  given: ReadonlyMap<string, ReportedAllocation>,
) {
  const ranges = pools.filter((pool) => !pool.isDisabled).map((pool) => pool.range);
  const outsidePools: UsedAddress[] = [];
  const notAllocated: UsedAddress[] = [];
  const severalOwners: UsedAddress[] = [];
  for (const [ip, owners] of required) {
    if (!ranges.some((range) => isWithin(range, ip))) outsidePools.push({ ip, owners });
    else if (!given.has(ip)) notAllocated.push({ ip, owners });
    if (owners.length > 1) severalOwners.push({ ip, owners });
  }
  return { outsidePools, notAllocated, severalOwners };
}

function isWithin({ family, first, size }: AddressRange, ip: string): boolean {
  const address = parseAddress(ip)!;
  const number = numberOf(address);
  return address.family === family && number >= first && number < first + size;
}

/** What handles and blocks say of each other. */
function judgeHandles({ blocks, handles }: WholeSnapshot) {
  const held = new Map<string, Map<string, number>>();
  for (const block of blocks) {
    for (const ordinal of block.allocations.keys()) {
      const attribute = attributeAt(block, ordinal);
      const id = attribute && handleOf(attribute);
      if (id === undefined) continue;
      const counts = held.get(id) ?? new Map<string, number>();
      held.set(id, counts.set(block.cidr, (counts.get(block.cidr) ?? 0) + 1));
    }
  }
  const known = new Map(handles.map((handle) => [handle.id, handle]));
  const withAddresses = handles.filter(({ id }) => held.has(id));
  const disagreements = withAddresses.flatMap(({ id, blocks: said }) => {
    const counts = held.get(id)!;
    return [...new Set([...said.keys(), ...counts.keys()])]
      .filter((cidr) => said.get(cidr) !== counts.get(cidr))
      .map(
        (cidr) =>
          `handle ${id} says it has ${said.get(cidr) ?? 0} addresses of ${cidr}, which gives it ${counts.get(cidr) ?? 0}`,
      );
  });
  return {
    leakedHandles: handles
      .filter(({ id }) => !held.has(id))
      .map(({ id, revision }) => ({ id, revision: String(revision) })),
    missingHandles: [...held.keys()].filter((id) => !known.has(id)),
    disagreements,
    withAddresses: withAddresses.length,
  };
}

/** A block belongs to whom its affinity says, and the other way round. */
function affinityProblems({ blocks, affinities }: WholeSnapshot): string[] {
  const owners = new Map(blocks.map(({ cidr, affinity }) => [cidr, affinity]));
  const claimed = new Set(affinities.map(({ owner, cidr }) => `${owner} ${cidr}`));
  const ofAffinities = affinities
    .filter(({ owner, cidr, state }) => state === 'confirmed' && owners.get(cidr) !== owner)
    .map(
      ({ owner, cidr }) =>
        `${owner} has a confirmed affinity for ${cidr}, which belongs to ${owners.get(cidr) ?? 'nobody'}`,
    );
  const ofBlocks = blocks
    .filter(({ cidr, affinity }) => affinity !== null && !claimed.has(`${affinity} ${cidr}`))
    .map(({ cidr, affinity }) => `block ${cidr} belongs to ${affinity}, which has no affinity for it`);
  return [...ofAffinities, ...ofBlocks];
}

/** Those with most first. */
function byNode(allocations: readonly ReportedAllocation[]) {
  const counts = new Map<string, number>();
  for (const { node } of allocations) if (node !== '') counts.set(node, (counts.get(node) ?? 0) + 1);
  return [...counts]
    .map(([node, count]) => ({ node, allocations: count }))
    .sort((a, b) => b.allocations - a.allocations || (a.node < b.node ? -1 : 1));
}
