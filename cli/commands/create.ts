/** `calicoctl create`: new resources only; what is there already is an error, or handled with --skip-exists. I/O. */
import { hasCode } from '#appliance/lib/errors.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError } from '../errors.ts';
import { connectionFlags, fileFlags, isSet, namespaceFlag } from '../flags.ts';
import { type Manifest, readManifests } from '../input/manifests.ts';
import { reportOutcomes } from '../output/report.ts';
import { runEach } from '../run-each.ts';
import { withClient } from '../session.ts';
import { checkManifest } from '../write-checks.ts';

export const createCommand: Command = {
  usage: '-f PATH [flags]',
  description: 'Creates resources. All files are read first; then each resource is created, in the order of the files.',
  flags: [
    ...fileFlags,
    { flags: '--skip-exists', description: 'a resource that exists already counts as created' },
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: ['calicoctl create -f policy.yaml', 'cat policy.yaml | calicoctl create -f -'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const manifests = await readManifests(context, flags);
  return withClient(context, flags, async (client) => {
    const outcomes = await runEach(manifests, (manifest) => create(client, manifest, isSet(flags, 'skipExists')));
    return reportOutcomes(context, { base: 'create', past: 'created' }, outcomes);
  });
}

async function create(client: ApiClient, manifest: Manifest, isExistingFine: boolean): Promise<void> {
  const { kind, resource, resourceVersion } = manifest;
  checkManifest('create', manifest);
  if (resourceVersion !== undefined) {
    throw cliError(
      'CLI_INVALID',
      `error with field metadata.resourceVersion = '${resourceVersion}' (must not be set for a create request)`,
    );
  }
  try {
    await client.create(kind, resource);
  } catch (error) {
    if (!isExistingFine || !hasCode(error, 'CLI_EXISTS')) throw error;
  }
}
