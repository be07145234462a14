/**
 * `calicoctl apply`: creates what is missing and replaces the spec, labels and annotations of what exists. I/O.
 * The first answer of a kind tells which request to try first for the rest, so that a file costs one or two requests a resource.
 */
import { hasCode } from '#appliance/lib/errors.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { connectionFlags, fileFlags, namespaceFlag } from '../flags.ts';
import { type Manifest, readManifests } from '../input/manifests.ts';
import { reportOutcomes } from '../output/report.ts';
import { runEach } from '../run-each.ts';
import { withClient } from '../session.ts';
import { updateResource } from '../update-resource.ts';
import { checkManifest } from '../write-checks.ts';

export const applyCommand: Command = {
  usage: '-f PATH [flags]',
  description:
    'Creates resources, or replaces the spec, labels and annotations of those that exist. Fields set by others and ' +
    'missing from the file disappear. A resource that is as the file says is not written again.',
  flags: [...fileFlags, namespaceFlag, ...connectionFlags],
  examples: ['calicoctl apply -f policy.yaml', 'calicoctl apply -f manifests/ -R'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const manifests = await readManifests(context, flags);
  return withClient(context, flags, async (client) => {
    const outcomes = await runEach(manifests, createApply(client, context));
    return reportOutcomes(context, { base: 'apply', past: 'applied' }, outcomes);
  });
}

/** Remembers per kind whether the last resource was there already. */
function createApply(client: ApiClient, context: CliContext): (manifest: Manifest) => Promise<void> {
  const wasThere = new Map<string, boolean>();
  const create = (manifest: Manifest) => client.create(manifest.kind, manifest.resource);
  const update = (manifest: Manifest) => updateResource(client, manifest, context.sleep);
  return async (manifest) => {
    const { kind, resourceVersion } = manifest;
    checkManifest('apply', manifest);
    const isUpdateFirst = resourceVersion !== undefined || wasThere.get(kind.kind) === true;
    const [first, second, wrongGuess] = isUpdateFirst
      ? ([update, create, 'CLI_NOT_FOUND'] as const)
      : ([create, update, 'CLI_EXISTS'] as const);
    try {
      await first(manifest);
      wasThere.set(kind.kind, isUpdateFirst);
    } catch (error) {
      if (!hasCode(error, wrongGuess)) throw error;
      wasThere.set(kind.kind, !isUpdateFirst);
      await second(manifest);
    }
  };
}
