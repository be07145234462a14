/**
 * Where IPAM keeps what in the store. A CIDR is written with `-` for its slash; hosts and handles stand as they are. Pure.
 * Source: Calico's etcd v3 layout of IPAM, version 2.
 */

const root = '/calico/ipam/v2/';

export const ipamConfigKey = `${root}config`;
export const handlePrefix = `${root}handle/`;
export const blockPrefixes = [`${root}assignment/ipv4/block/`, `${root}assignment/ipv6/block/`] as const;
/** Affinities of hosts, and of owners that are no hosts (service addresses). */
export const affinityPrefixes = [`${root}host/`, `${root}virtual/`] as const;

/** The list of an export that a key belongs in. */
export function ipamListOf(key: string): 'block_affinities' | 'blocks' | 'handles' | undefined {
  if (/^\/calico\/ipam\/v2\/assignment\/ipv[46]\/block\/[^/]+$/.test(key)) return 'blocks';
  if (/^\/calico\/ipam\/v2\/(?:host|virtual)\/[^/]+\/ipv[46]\/block\/[^/]+$/.test(key)) return 'block_affinities';
  return key.startsWith(handlePrefix) ? 'handles' : undefined;
}

/** Of a block; `cidr` in canonical text. */
export function blockKey(cidr: string): string {
  return `${blockPrefixes[cidr.includes(':') ? 1 : 0]}${cidr.replace('/', '-')}`;
}

export function handleKey(id: string): string {
  return handlePrefix + id;
}

/** Of an affinity: `owner` is `host:NAME` or `virtual:NAME`, as blocks have it. */
export function affinityKey(owner: string, cidr: string): string {
  const colon = owner.indexOf(':');
  const family = cidr.includes(':') ? 6 : 4;
  return `${root}${owner.slice(0, colon)}/${owner.slice(colon + 1)}/ipv${family}/block/${cidr.replace('/', '-')}`;
}

/** The CIDR in the last part of a key, with the slash that it could not have. */
export function cidrOfKey(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1).replace(/-(\d+)$/, '/$1');
}

/** The owner an affinity's key names, as blocks have it. */
export function ownerOfKey(key: string): string {
  const [, type, name] = /^\/calico\/ipam\/v2\/(host|virtual)\/([^/]+)\//.exec(key) ?? [];
  return `${type}:${name}`;
}
