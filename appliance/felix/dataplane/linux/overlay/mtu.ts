/** How large packets may be: of the host's links, of each tunnel, and of workloads. Pure. Source: felix, interface management (MTU). */
import type { Link } from '../../../../kernel/kernel.ts';
import type { FelixConfig } from '../../../model/config.ts';
import type { TunnelState } from './tunnel-state.ts';

/** Of a host none of whose links is known to lead out. */
const fallback = 1460;
/** What a tunnel adds to each packet. */
const overheads = { ipip: 20, vxlan: { 4: 50, 6: 70 }, wireguard: { 4: 60, 6: 80 } } as const;
/** The smallest that IPv6 lives with. */
const smallest = 1280;

export interface Mtus {
  readonly host: number;
  readonly ipip: number;
  readonly vxlan: Readonly<Record<4 | 6, number>>;
  readonly wireguard: Readonly<Record<4 | 6, number>>;
  /** The smallest of the tunnels that are in use, or that of the host. */
  readonly workload: number;
}

/** A setting that is not 0 wins. */
export function planMtus(links: Iterable<Link>, config: FelixConfig, state: TunnelState): Mtus {
  const host = hostMtu(links, config.mtuInterfacePattern);
  const or = (given: number, overhead: number) => given || Math.max(smallest, host - overhead);
  const ipip = or(config.ipipMtu, overheads.ipip);
  const vxlan = { 4: or(config.vxlanMtu, overheads.vxlan[4]), 6: or(config.vxlanMtuV6, overheads.vxlan[6]) };
  const wireguard = {
    4: or(config.wireguardMtu, overheads.wireguard[4]),
    6: or(config.wireguardMtuV6, overheads.wireguard[6]),
  };
  const inUse = ([4, 6] as const).flatMap((family) => [
    ...(state.isVxlan(config, family) ? [vxlan[family]] : []),
    ...(state.isWireguard(config, family) ? [wireguard[family]] : []),
  ]);
  if (state.isIpip(config)) inUse.push(ipip);
  return { host, ipip, vxlan, wireguard, workload: Math.min(host, ...inUse) };
}

function hostMtu(links: Iterable<Link>, pattern: string): number {
  const expression = new RegExp(pattern);
  let least = Number.POSITIVE_INFINITY;
  for (const { name, isUp, mtuBytes } of links) {
    if (isUp && expression.test(name)) least = Math.min(least, mtuBytes);
  }
  return Number.isFinite(least) ? least : fallback;
}
