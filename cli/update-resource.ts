/**
 * Replaces a resource's spec, labels and annotations with a manifest's, as calicoctl does: everything else stays as the server has it.
 * Without a revision in the file a conflict is tried again; with one it is an error. I/O through the client.
 */
import { isDeepStrictEqual } from 'node:util';
import { hasCode } from '#appliance/lib/errors.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { identityOf } from './api-errors.ts';
import type { ApiClient, WriteChoice } from './client.ts';
import { cliError } from './errors.ts';
import type { Manifest } from './input/manifests.ts';

const retriesMax = 5;
const pauseMs = 100;

/** What became of a resource that was written, and how it is now. */
export interface Written {
  readonly action: 'created' | 'configured' | 'unchanged' | 'serverside-applied';
  readonly resource: Resource;
}

type Sleep = (milliseconds: number) => Promise<void>;

/** Updates an existing resource; a file that changes nothing writes nothing. Throws CLI_NOT_FOUND, CLI_CONFLICT and others. */
export async function updateResource(
  client: ApiClient,
  manifest: Manifest,
  sleep: Sleep,
  choice: WriteChoice & { readonly isClientOnly?: boolean } = {},
): Promise<Written> {
  const { kind, name, namespace, resource, resourceVersion } = manifest;
  const attempt = async () => {
    const live = await client.get(kind, name, namespace);
    if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion) {
      throw cliError('CLI_CONFLICT', `update conflict: ${identityOf({ kind: kind.kind, name, namespace })}`);
    }
    const wanted = merge(live, resource);
    if (isSame(wanted, live)) result = { action: 'unchanged', resource: live };
    else {
      const written = choice.isClientOnly === true ? wanted : await client.replace(kind, wanted, choice);
      result = { action: 'configured', resource: written };
    }
  };
  let result: Written = { action: 'unchanged', resource };
  await (resourceVersion === undefined ? retryConflicts(attempt, sleep) : attempt());
  return result;
}

/** Runs `attempt` again after a conflict, a few times with growing pauses. */
export async function retryConflicts(attempt: () => Promise<void>, sleep: Sleep): Promise<void> {
  for (let retries = 0; ; retries++) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!hasCode(error, 'CLI_CONFLICT') || retries >= retriesMax) throw error;
      await sleep(pauseMs * 2 ** retries);
    }
  }
}

/** The live resource with the manifest's spec (defaults filled in when it was read), labels and annotations; theirs are gone entirely. */
function merge(live: Resource, wanted: Resource): Resource {
  const { labels: _labels, annotations: _annotations, ...kept } = live.metadata;
  const { labels, annotations } = wanted.metadata;
  const metadata = {
    ...kept,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const hasSpec = [live, wanted].some((resource) => Object.hasOwn(resource, 'spec'));
  if (hasSpec) return { ...live, metadata, spec: wanted.spec };
  // Kinds without a spec say all they have to say beside their metadata.
  return { ...membersOf(wanted), kind: live.kind, apiVersion: live.apiVersion, metadata } as Resource;
}

function membersOf({ kind: _kind, apiVersion: _version, metadata: _metadata, status: _status, ...members }: Resource) {
  return members;
}

function isSame(wanted: Resource, live: Resource): boolean {
  return (
    isDeepStrictEqual(membersOf(wanted), membersOf(live)) &&
    isDeepStrictEqual(wanted.metadata.labels ?? {}, live.metadata.labels ?? {}) &&
    isDeepStrictEqual(wanted.metadata.annotations ?? {}, live.metadata.annotations ?? {})
  );
}
