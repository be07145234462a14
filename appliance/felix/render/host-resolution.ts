/** Which host endpoint speaks for which interface of this host. Pure. Source: felix, host endpoint resolution. */
import type { HostEndpoint } from '../model/endpoint.ts';
import { isWorkloadLink } from '../model/workload-link.ts';

/** The interface name that stands for every interface without a host endpoint of its own. */
export const anyInterface = '*';

export interface HostInterface {
  readonly name: string;
  /** Canonical addresses. */
  readonly addresses: readonly string[];
}

export interface ResolutionOptions {
  readonly interfacePrefixes: readonly string[];
  /** Names, or regular expressions between slashes: links never found by address. */
  readonly interfaceExclude: readonly string[];
}

/**
 * Interface name (or `*`) -> name of its host endpoint: the alphabetically first that names it or, naming none, expects an address
 * it has. An interface that is named is resolved before it exists.
 */
export function resolveHostEndpoints(
  endpoints: ReadonlyMap<string, HostEndpoint>,
  interfaces: Iterable<HostInterface>,
  options: ResolutionOptions,
): Map<string, string> {
  const resolved = new Map<string, string>();
  const claim = (interfaceName: string, endpoint: string) => {
    const rival = resolved.get(interfaceName);
    if (rival === undefined || endpoint < rival) resolved.set(interfaceName, endpoint);
  };
  const isWorkload = (name: string) => isWorkloadLink(name, options);
  for (const [name, { interfaceName }] of endpoints) {
    if (interfaceName !== '' && !isWorkload(interfaceName)) claim(interfaceName, name);
  }
  const byAddress = ownersOfAddresses(endpoints);
  const isExcluded = createExclusion(options.interfaceExclude);
  for (const { name, addresses } of interfaces) {
    if (isWorkload(name) || isExcluded(name)) continue;
    for (const address of addresses) for (const owner of byAddress.get(address) ?? []) claim(name, owner);
  }
  return resolved;
}

function ownersOfAddresses(endpoints: ReadonlyMap<string, HostEndpoint>): Map<string, string[]> {
  const owners = new Map<string, string[]>();
  for (const [name, { interfaceName, expectedIps }] of endpoints) {
    if (interfaceName !== '') continue;
    for (const ip of expectedIps) owners.set(ip, [...(owners.get(ip) ?? []), name]);
  }
  return owners;
}

function createExclusion(patterns: readonly string[]): (name: string) => boolean {
  const tests = patterns.map((pattern) => {
    const inner = /^\/(.*)\/$/.exec(pattern)?.[1];
    const expression = inner === undefined ? undefined : compile(inner);
    return (name: string) => (inner === undefined ? name === pattern : expression?.test(name) === true);
  });
  return (name) => tests.some((test) => test(name));
}

/** A pattern that is no regular expression excludes nothing. */
function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}
