/** `calicoctl delete`: removes resources named by word or by file. I/O. */
import { hasCode } from '#appliance/lib/errors.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { usageError } from '../errors.ts';
import { connectionFlags, fileFlags, isSet, namespaceFlag } from '../flags.ts';
import { readManifests } from '../input/manifests.ts';
import { isByFile, namedResources } from '../input/named.ts';
import { reportDeletion } from '../output/report.ts';
import { type Named, runEach } from '../run-each.ts';
import { withClient } from '../session.ts';
import { checkWritable } from '../write-checks.ts';

export const deleteCommand: Command = {
  usage: '(KIND NAME... | -f PATH) [flags]',
  description: 'Deletes resources, by kind and names or by the manifests that name them.',
  flags: [
    ...fileFlags,
    { flags: '-s, --skip-not-exists', description: 'a resource that does not exist counts as deleted' },
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: ['calicoctl delete networkpolicy allow-web -n shop', 'calicoctl delete -f policy.yaml'],
  positionals: { min: 0, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  const isFile = isByFile('delete', positionals, flags);
  const targets = isFile ? await readManifests(context, flags) : namedResources(positionals, flags);
  if (!isFile && targets.length === 0) throw usageError(`delete needs the names of the resources: delete KIND NAME...`);
  return withClient(context, flags, async (client) => {
    const outcomes = await runEach(targets, (target) => remove(client, target, isSet(flags, 'skipNotExists')));
    return reportDeletion(context, outcomes);
  });
}

async function remove(client: ApiClient, target: Named, isMissingFine: boolean): Promise<void> {
  checkWritable('delete', target);
  try {
    await client.remove(target.kind, target.name, target.namespace, target.resourceVersion);
  } catch (error) {
    if (!isMissingFine || !hasCode(error, 'CLI_NOT_FOUND')) throw error;
  }
}
