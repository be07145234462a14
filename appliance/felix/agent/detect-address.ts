/**
 * Chooses the address a Node is registered with from what the host has. Pure. Source: node start-up, address detection (`IP`, `IP6`, first-found).
 */
import { parsePrefix, parsePrefixOrAddress, printPrefix } from '../../lib/ip/address.ts';
import type { Problem, Result } from '../../lib/problem.ts';

/** One address of the host, as the operating system lists it. */
export interface HostAddress {
  readonly link: string;
  readonly isInternal: boolean;
  /** Address with the link's prefix length. */
  readonly cidr: string;
}

const excludedLinks =
  /^(docker|cbr|dummy|podman|virbr|lxcbr|veth|lo|br-|cali|tunl|flannel|kube-ipvs|cni|vxlan\.calico|vxlan-v6\.calico|wireguard\.cali|wg-v6\.cali|nodelocaldns)/;

/**
 * The address in CIDR form, or undefined for none.
 * `wanted` is the variable's text: empty keeps `stored` and detects when there is none; `autodetect` detects and falls back to `stored`;
 * `none` keeps what is stored; an address without a length takes its link's.
 */
export function chooseAddress(
  variable: 'IP' | 'IP6',
  wanted: string,
  stored: string | undefined,
  host: readonly HostAddress[],
): Result<string | undefined> {
  const family = variable === 'IP' ? 4 : 6;
  if (wanted === 'none') return { ok: true, value: stored };
  if (wanted === '' && (stored !== undefined || family === 6)) return { ok: true, value: stored };
  if (wanted === '' || wanted === 'autodetect') return { ok: true, value: firstFound(family, host) ?? stored };
  const given = parsePrefixOrAddress(wanted);
  if (given === undefined || given.address.family !== family) return refuse(variable, wanted, family);
  if (wanted.includes('/')) return { ok: true, value: printPrefix(given) };
  return { ok: true, value: host.find((a) => a.cidr.split('/')[0] === wanted)?.cidr ?? printPrefix(given) };
}

function firstFound(family: 4 | 6, host: readonly HostAddress[]): string | undefined {
  return host.find((a) => {
    const prefix = parsePrefix(a.cidr);
    const isUsable = !a.isInternal && !excludedLinks.test(a.link);
    return isUsable && prefix?.address.family === family && !isLinkLocal(prefix.address.bytes);
  })?.cidr;
}

function isLinkLocal(bytes: Uint8Array): boolean {
  return bytes.length === 4 ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
}

function refuse(variable: string, value: string, family: 4 | 6): { ok: false; problems: Problem[] } {
  return {
    ok: false,
    problems: [{ path: variable, message: `must be an IPv${family} address, autodetect or none`, value }],
  };
}
