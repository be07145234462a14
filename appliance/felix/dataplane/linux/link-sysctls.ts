/** Sysctls of a workload's link and of the host. Pure. Source: felix, interface management. */
import type { FelixConfig } from '../../model/config.ts';

export interface Sysctl {
  /** Below /proc/sys. */
  readonly path: string;
  readonly value: string;
  /** A host without it is fine. */
  readonly isOptional: boolean;
}

export interface LinkSysctlOptions {
  readonly isIpv6Supported: boolean;
  /** The host's default of rp_filter, or 0 for a workload that may send from other addresses. */
  readonly reversePathFilter: string;
}

/** The link answers for any address, forwards, and never takes routes from its workload. */
export function linkSysctls(link: string, { isIpv6Supported, reversePathFilter }: LinkSysctlOptions): Sysctl[] {
  const must = (path: string, value: string): Sysctl => ({ path, value, isOptional: false });
  return [
    { path: `net/ipv6/conf/${link}/accept_ra`, value: '0', isOptional: true },
    must(`net/ipv4/conf/${link}/route_localnet`, '1'),
    must(`net/ipv4/neigh/${link}/proxy_delay`, '0'),
    must(`net/ipv4/conf/${link}/proxy_arp`, '1'),
    must(`net/ipv4/conf/${link}/forwarding`, '1'),
    must(`net/ipv4/conf/${link}/rp_filter`, reversePathFilter),
    ...(isIpv6Supported
      ? [must(`net/ipv6/conf/${link}/proxy_ndp`, '1'), must(`net/ipv6/conf/${link}/forwarding`, '1')]
      : []),
  ];
}

/** Forwarding for the whole host, and packets and bytes in what connection tracking lists. */
export function hostSysctls(config: FelixConfig): Sysctl[] {
  const accounting = { path: 'net/netfilter/nf_conntrack_acct', value: '1', isOptional: true };
  if (!config.isIpForwardingEnabled) return [accounting];
  return [
    accounting,
    { path: 'net/ipv4/ip_forward', value: '1', isOptional: false },
    { path: 'net/ipv6/conf/all/forwarding', value: '1', isOptional: !config.isIpv6Supported },
  ];
}
