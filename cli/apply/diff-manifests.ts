/** What an apply of files would change: each resource as it is and as the server would store it. Writes nothing. I/O. */
import { hasCode } from '#appliance/lib/errors.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { identityOf } from '../api-errors.ts';
import type { ApiClient } from '../client.ts';
import type { FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { errorText, exitCodeOf, exitCodes } from '../errors.ts';
import { isSet, textFlag } from '../flags.ts';
import { type Manifest, readManifests } from '../input/manifests.ts';
import { unifiedDiff } from '../output/unified-diff.ts';
import { printYaml } from '../output/yaml.ts';
import { withClient } from '../session.ts';
import { updateResource } from '../update-resource.ts';
import { checkManifest } from '../write-checks.ts';

/** Exit code 0 when nothing differs, 1 when something does, more when something could not be compared. */
export async function diffManifests(context: CliContext, flags: FlagValues): Promise<number> {
  const manifests = await readManifests(context, flags);
  return withClient(context, flags, async (client) => {
    let code: number = exitCodes.ok;
    for (const manifest of manifests) {
      try {
        const text = await diffOne(context, client, flags, manifest);
        context.out(text);
        if (text !== '') code = Math.max(code, exitCodes.failure);
      } catch (error) {
        context.err(`${manifest.where}: ${errorText(error)}\n`);
        code = Math.max(code, exitCodes.usage, exitCodeOf(error));
      }
    }
    return code;
  });
}

async function diffOne(context: CliContext, client: ApiClient, flags: FlagValues, manifest: Manifest): Promise<string> {
  checkManifest('diff', manifest);
  const { kind, name, namespace } = manifest;
  const live = await readLive(client, manifest);
  const wanted = await tryOut(context, client, flags, manifest, live);
  const before = live === undefined ? '' : printYaml(comparable(live));
  const after = printYaml(comparable(wanted));
  if (before === after) return '';
  const what = identityOf({ kind: kind.kind, name, namespace });
  return unifiedDiff([`${what} as it is`, `${what} as in ${manifest.where}`], [before, after]);
}

async function readLive(client: ApiClient, { kind, name, namespace }: Manifest): Promise<Resource | undefined> {
  try {
    return await client.get(kind, name, namespace);
  } catch (error) {
    if (hasCode(error, 'CLI_NOT_FOUND')) return undefined;
    throw error;
  }
}

async function tryOut(
  context: CliContext,
  client: ApiClient,
  flags: FlagValues,
  manifest: Manifest,
  live: Resource | undefined,
): Promise<Resource> {
  if (isSet(flags, 'serverSide')) {
    const fieldManager = textFlag(flags, 'fieldManager') ?? 'calicoctl';
    const isForced = isSet(flags, 'forceConflicts');
    return client.patch(manifest, 'apply', manifest.written, { isDryRun: true, fieldManager, isForced });
  }
  if (live === undefined) return client.create(manifest.kind, manifest.resource, { isDryRun: true });
  return (await updateResource(client, manifest, context.sleep, { isDryRun: true })).resource;
}

/** Without what the server stamps anew at every trial. */
function comparable({ metadata, ...rest }: Resource): unknown {
  const { resourceVersion, uid, creationTimestamp, generation, ...kept } = metadata;
  const { managedFields, ...said } = kept as typeof kept & { managedFields?: unknown };
  return { metadata: said, ...rest };
}
