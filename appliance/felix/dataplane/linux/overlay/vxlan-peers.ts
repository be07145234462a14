/** What a VXLAN device must know of the other hosts: the MAC address behind each tunnel address, and the host behind each MAC address. */
import type { ForwardingEntry, Kernel, Neighbour, RouteOperation } from '../../../../kernel/kernel.ts';
import type { TunnelState } from './tunnel-state.ts';

export interface VxlanPeers {
  readonly neighbours: readonly Neighbour[];
  readonly forwarding: readonly ForwardingEntry[];
}

/** Of hosts that share a tunnel or MAC address the first by name counts. Pure. */
export function planVxlanPeers(state: TunnelState, family: 4 | 6, ifindex: number): VxlanPeers {
  const neighbours = new Map<string, Neighbour>();
  const forwarding = new Map<string, ForwardingEntry>();
  for (const node of [...state.vteps.keys()].sort()) {
    const end = node === state.hostname ? undefined : state.vtepOf(node, family);
    if (end === undefined) continue;
    const { address, mac, nodeAddress } = end;
    if (neighbours.has(address) || forwarding.has(mac)) continue;
    neighbours.set(address, { family, ifindex, address, mac, isPermanent: true });
    forwarding.set(mac, { ifindex, mac, destination: nodeAddress });
  }
  return { neighbours: [...neighbours.values()], forwarding: [...forwarding.values()] };
}

/** Reads what the device has and writes the difference; what the kernel refused is returned. I/O. */
export async function syncVxlanPeers(
  kernel: Kernel,
  family: 4 | 6,
  ifindex: number,
  wanted: VxlanPeers,
): Promise<readonly string[]> {
  const there = (await kernel.neighbours(family, ifindex)).filter(({ address }) => !isGroup(address));
  const entries = await kernel.forwardingEntries(ifindex);
  const operations: RouteOperation[] = [
    ...difference(there, wanted.neighbours, neighbourKey, neighbourText).map(
      ({ item: neighbour, isGone }): RouteOperation => ({
        type: isGone ? 'delete-neighbour' : 'replace-neighbour',
        neighbour,
      }),
    ),
    ...difference(entries, wanted.forwarding, ({ mac }) => mac, forwardingText).map(
      ({ item: forwarding, isGone }): RouteOperation => ({
        type: isGone ? 'delete-forwarding' : 'replace-forwarding',
        forwarding,
      }),
    ),
  ];
  const outcomes = operations.length === 0 ? [] : await kernel.changeRoutes(operations);
  return outcomes.flatMap((refusal) => (refusal === undefined ? [] : [refusal.message]));
}

/** What the kernel itself knows of multicast groups. */
function isGroup(address: string): boolean {
  return address.includes(':') ? address.startsWith('ff') : Number.parseInt(address, 10) >= 224;
}

/** A device of nobody's but ours: what is not wanted goes. */
function difference<T>(
  there: readonly T[],
  wanted: readonly T[],
  keyOf: (item: T) => string,
  textOf: (item: T) => string,
): { item: T; isGone: boolean }[] {
  const known = new Map(there.map((item) => [keyOf(item), item]));
  const keys = new Set(wanted.map(keyOf));
  const gone = there.filter((item) => !keys.has(keyOf(item))).map((item) => ({ item, isGone: true }));
  const news = wanted.filter((item) => {
    const before = known.get(keyOf(item));
    return before === undefined || textOf(before) !== textOf(item);
  });
  return [...gone, ...news.map((item) => ({ item, isGone: false }))];
}

function neighbourKey({ address }: Neighbour): string {
  return address;
}

function neighbourText({ address, mac, isPermanent }: Neighbour): string {
  return `${address} ${mac} ${isPermanent}`;
}

function forwardingText({ mac, destination }: ForwardingEntry): string {
  return `${mac} ${destination}`;
}
