/** Refuses to work on a cluster of another release, as calicoctl does. Reads ClusterInformation `default`. I/O through the client. */
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

/** Throws CLI_VERSION_MISMATCH when the cluster names another release; a cluster that names none passes. */
export async function checkVersions(client: ApiClient): Promise<void> {
  const found = await readClusterInformation(client);
  const cluster = bareVersion(String(found?.spec.calicoVersion ?? ''));
  const own = bareVersion(calicoVersion);
  if (cluster === '' || cluster === own) return;
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

/** `v3.32.0-12-gabcdef` -> `3.32.0`. */
function bareVersion(version: string): string {
  return version.replace(/^v/, '').replace(/-.*$/, '');
}
