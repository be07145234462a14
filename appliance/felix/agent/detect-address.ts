/**
 * Chooses the address a Node is registered with from what the host has. Pure.
 * Source: node start-up, address detection (`IP`, `IP6` and their methods).
 */
import { contains, type Family, parsePrefix, parsePrefixOrAddress, printPrefix } from '../../lib/ip/address.ts';
import type { Problem } from '../../lib/problem.ts';

/** One address of the host, as the operating system lists it. */
export interface HostAddress {
  readonly link: string;
  readonly isInternal: boolean;
  /** Address with the link's prefix length. */
  readonly cidr: string;
}

/** What one of the variables asks for. */
export interface WantedAddress {
  readonly variable: 'IP' | 'IP6';
  /** Empty keeps what is stored and detects when there is none (`IP6`: never); `autodetect`; `none`; or an address. */
  readonly text: string;
  /** `first-found`, `interface=RE,...`, `skip-interface=RE,...`, `cidr=CIDR,...` or `can-reach=DESTINATION`; empty for the first. */
  readonly method: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment asks for; nothing when the host needs no addresses. */
export function wantedAddresses(environment: Environment): readonly WantedAddress[] {
  const isPolicyOnly = environment.CALICO_NETWORKING_BACKEND === 'none';
  return (['IP', 'IP6'] as const).map((variable) => ({
    variable,
    text: isPolicyOnly ? 'none' : (environment[variable] ?? ''),
    method: environment[`${variable}_AUTODETECTION_METHOD`] ?? '',
  }));
}

/** Everything that is wrong with the variables. */
export function checkAddressSettings(environment: Environment): readonly Problem[] {
  return wantedAddresses(environment).flatMap((wanted) => [...checkText(wanted), ...checkMethod(wanted)]);
}

function checkText({ variable, text }: WantedAddress): Problem[] {
  const isWord = ['', 'autodetect', 'none'].includes(text);
  if (isWord || parsePrefixOrAddress(text)?.address.family === familyOf(variable)) return [];
  const message = `must be an IPv${familyOf(variable)} address, autodetect or none`;
  return [{ path: variable, message, value: text }];
}

function checkMethod({ variable, method }: WantedAddress): Problem[] {
  if (pickerOf(method) !== undefined) return [];
  const message = 'must be first-found, interface=REGEX, skip-interface=REGEX, cidr=CIDR or can-reach=DESTINATION';
  return [{ path: `${variable}_AUTODETECTION_METHOD`, message, value: method }];
}

/** The address in CIDR form, or undefined for none. An address without a length takes its link's. */
export function chooseAddress(
  wanted: WantedAddress,
  stored: string | undefined,
  host: readonly HostAddress[],
): string | undefined {
  const { variable, text, method } = wanted;
  if (text === 'none') return stored;
  if (text === '' && (stored !== undefined || variable === 'IP6')) return stored;
  if (text === '' || text === 'autodetect') return detect(familyOf(variable), method, host) ?? stored;
  const given = parsePrefixOrAddress(text);
  if (given === undefined) return stored;
  if (text.includes('/')) return printPrefix(given);
  return host.find(({ cidr }) => cidr.split('/')[0] === text)?.cidr ?? printPrefix(given);
}

function familyOf(variable: 'IP' | 'IP6'): Family {
  return variable === 'IP' ? 4 : 6;
}

/** Of the usable addresses the one to take. */
type Picker = (host: readonly HostAddress[]) => HostAddress | undefined;

function detect(family: Family, method: string, host: readonly HostAddress[]): string | undefined {
  const usable = host.filter(({ isInternal, cidr }) => {
    const address = parsePrefix(cidr)?.address;
    return !isInternal && address?.family === family && !isLinkLocal(address.bytes);
  });
  return pickerOf(method)?.(usable)?.cidr;
}

/** Links whose addresses are nobody else's business: made for containers and guests, or by us. */
export const excludedLinks =
  /^(docker|cbr|dummy|podman|virbr|lxcbr|veth|lo|br-|cali|tunl|flannel|kube-ipvs|cni|vxlan\.calico|vxlan-v6\.calico|wireguard\.cali|wg-v6\.cali|nodelocaldns)/;

function pickerOf(method: string): Picker | undefined {
  const [, name, list] = /^([a-z-]*)(?:=(.+))?$/.exec(method) ?? [];
  const items = list?.split(',').map((item) => item.trim());
  if ((name === '' || name === 'first-found') && items === undefined)
    return (host) => host.find(({ link }) => !excludedLinks.test(link));
  if (items === undefined) return undefined;
  if (name === 'cidr') return pickByCidr(items);
  // `can-reach.ts` puts a CIDR in its place; where it could not, nothing is found
  if (name === 'can-reach') return () => undefined;
  const patterns = items.map(parseRegex);
  if (!patterns.every((pattern) => pattern !== undefined)) return undefined;
  if (name === 'interface') return (host) => firstOf(patterns, (p) => host.find(({ link }) => p.test(link)));
  if (name !== 'skip-interface') return undefined;
  return (host) => host.find(({ link }) => ![excludedLinks, ...patterns].some((pattern) => pattern.test(link)));
}

function pickByCidr(items: readonly string[]): Picker | undefined {
  const ranges = items.map(parsePrefix);
  if (!ranges.every((range) => range !== undefined)) return undefined;
  return (host) =>
    host.find(({ cidr }) => {
      const address = parsePrefix(cidr)?.address;
      return address !== undefined && ranges.some((range) => contains(range, address));
    });
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function parseRegex(source: string): RegExp | undefined {
  try {
    return new RegExp(source);
  } catch {
    return undefined;
  }
}

export function isLinkLocal(bytes: Uint8Array): boolean {
  return bytes.length === 4 ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
}
