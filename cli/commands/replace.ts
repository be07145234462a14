/** `calicoctl replace`: replaces the spec, labels and annotations of resources that exist. I/O. */
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { connectionFlags, dryRunFlag, dryRunOf, fileFlags, namespaceFlag, resultFlags, withFiles } from '../flags.ts';
import { readManifests } from '../input/manifests.ts';
import { type Results, reportResults, resultFormat } from '../output/results.ts';
import { runEach } from '../run-each.ts';
import { withClient } from '../session.ts';
import { updateResource } from '../update-resource.ts';
import { checkManifest } from '../write-checks.ts';

export const replaceCommand: Command = {
  usage: '-f PATH [flags]',
  description:
    'Replaces the spec, labels and annotations of existing resources. A resource that is missing is an error.',
  flags: [...fileFlags, dryRunFlag, ...resultFlags, namespaceFlag, ...connectionFlags],
  examples: ['calicoctl replace -f policy.yaml'],
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
      checkManifest('replace', manifest);
      const written = await updateResource(client, manifest, context.sleep, dryRunOf(flags));
      results.set(manifest, { ...written, action: written.action === 'configured' ? 'replaced' : written.action });
    });
    return reportResults(context, flags, { base: 'replace', past: 'replaced' }, outcomes, results);
  });
}
