/** `calicoctl replace`: replaces the spec, labels and annotations of resources that exist. I/O. */
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { connectionFlags, fileFlags, namespaceFlag } from '../flags.ts';
import { readManifests } from '../input/manifests.ts';
import { reportOutcomes } from '../output/report.ts';
import { runEach } from '../run-each.ts';
import { withClient } from '../session.ts';
import { updateResource } from '../update-resource.ts';
import { checkManifest } from '../write-checks.ts';

export const replaceCommand: Command = {
  usage: '-f PATH [flags]',
  description:
    'Replaces the spec, labels and annotations of existing resources. A resource that is missing is an error.',
  flags: [...fileFlags, namespaceFlag, ...connectionFlags],
  examples: ['calicoctl replace -f policy.yaml'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const manifests = await readManifests(context, flags);
  return withClient(context, flags, async (client) => {
    const outcomes = await runEach(manifests, async (manifest) => {
      checkManifest('replace', manifest);
      await updateResource(client, manifest, context.sleep);
    });
    return reportOutcomes(context, { base: 'replace', past: 'replaced' }, outcomes);
  });
}
