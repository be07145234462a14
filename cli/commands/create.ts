/** `calicoctl create`: new resources only; what is there already is an error, or handled with --skip-exists. I/O. */
import { hasCode } from '#appliance/lib/errors.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError } from '../errors.ts';
import {
  connectionFlags,
  dryRunFlag,
  dryRunOf,
  fileFlags,
  isSet,
  namespaceFlag,
  resultFlags,
  withFiles,
} from '../flags.ts';
import { type Manifest, readManifests } from '../input/manifests.ts';
import { type Results, reportResults, resultFormat } from '../output/results.ts';
import { runEach } from '../run-each.ts';
import { withClient } from '../session.ts';
import { checkManifest } from '../write-checks.ts';

export const createCommand: Command = {
  usage: '-f PATH [flags]',
  description: 'Creates resources. All files are read first; then each resource is created, in the order of the files.',
  flags: [
    ...fileFlags,
    { flags: '--skip-exists', description: 'a resource that exists already counts as created' },
    dryRunFlag,
    ...resultFlags,
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: ['calicoctl create -f policy.yaml', 'cat policy.yaml | calicoctl create -f -'],
  positionals: { min: 0, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(context: CliContext, positionals: readonly string[], given: FlagValues): Promise<number> {
  const flags = withFiles(given, positionals);
  resultFormat(flags);
  const manifests = await readManifests(context, flags);
  return withClient(context, flags, async (client) => {
    const results: Results = new Map();
    const outcomes = await runEach(manifests, async (manifest) => {
      results.set(manifest, { action: 'created', resource: await create(client, manifest, flags) });
    });
    return reportResults(context, flags, { base: 'create', past: 'created' }, outcomes, results);
  });
}

async function create(client: ApiClient, manifest: Manifest, flags: FlagValues): Promise<Resource> {
  const { kind, resource, resourceVersion } = manifest;
  checkManifest('create', manifest);
  if (resourceVersion !== undefined) {
    throw cliError(
      'CLI_INVALID',
      `error with field metadata.resourceVersion = '${resourceVersion}' (must not be set for a create request)`,
    );
  }
  try {
    const { isDryRun, isClientOnly } = dryRunOf(flags);
    return isClientOnly ? resource : await client.create(kind, resource, { isDryRun });
  } catch (error) {
    if (!isSet(flags, 'skipExists') || !hasCode(error, 'CLI_EXISTS')) throw error;
    return resource;
  }
}
