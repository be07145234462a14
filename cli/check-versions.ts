/**
 * Compares this release with the cluster's, which ClusterInformation `default` tells: up to two minor versions apart is worth a warning, more
 * is refused in upstream's words. I/O through the client.
 */
import { hasCode } from '#appliance/lib/errors.ts';
import { calicoVersion } from '#appliance/resources/calico-version.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient, KindAddress } from './client.ts';
import { cliError } from './errors.ts';

/** Addressed without the registry: `version` has no other use for it. */
export const clusterInformation: KindAddress = {
  kind: 'ClusterInformation',
  plural: 'clusterinformations',
  isNamespaced: false,
};

/** How many minor versions a cluster may be older or newer. */
const minorsApartMax = 2;

/** Warns, or throws CLI_VERSION_MISMATCH, when the cluster names another release; a cluster that names none passes. */
export async function checkVersions(client: ApiClient, warn: (line: string) => void): Promise<void> {
  const found = await readClusterInformation(client);
  const cluster = bareVersion(String(found?.spec.calicoVersion ?? ''));
  const own = bareVersion(calicoVersion);
  if (cluster === '') return;
  const apart = minorsApart(own, cluster);
  if (apart === 0) return;
  if (apart <= minorsApartMax) {
    const side = isNewer(cluster, own) ? 'a newer' : 'an older';
    warn(`Warning: the cluster is of ${side} release (${cluster}) than this client (${own})`);
    return;
  }
  const lines = ['version mismatch.', `Client Version:   ${own}`, `Cluster Version:  ${cluster}`];
  throw cliError('CLI_VERSION_MISMATCH', [...lines, 'Use --allow-version-mismatch to override'].join('\n'));
}

/** ClusterInformation `default`; undefined when it is not there or nobody answers. */
export async function readClusterInformation(client: ApiClient): Promise<Resource | undefined> {
  try {
    return await client.get(clusterInformation, 'default');
  } catch (error) {
    if (hasCode(error, 'CLI_NOT_FOUND') || hasCode(error, 'CLI_UNREACHABLE')) return undefined;
    throw error;
  }
}

/** Infinity across major versions and for what is no version. */
function minorsApart(a: string, b: string): number {
  const [left, right] = [majorMinor(a), majorMinor(b)];
  return left?.major === right?.major && left && right ? Math.abs(left.minor - right.minor) : Number.POSITIVE_INFINITY;
}

/** True when `cluster` is of a later minor version than `own`. */
export function isNewer(cluster: string, own: string): boolean {
  const [theirs, ours] = [majorMinor(cluster), majorMinor(own)];
  if (theirs === undefined || ours === undefined) return false;
  return theirs.major > ours.major || (theirs.major === ours.major && theirs.minor > ours.minor);
}

function majorMinor(version: string): { readonly major: number; readonly minor: number } | undefined {
  const match = /^v?(\d+)\.(\d+)/.exec(version);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** `v3.32.0-12-gabcdef` -> `3.32.0`. */
function bareVersion(version: string): string {
  return version.replace(/^v/, '').replace(/-.*$/, '');
}
