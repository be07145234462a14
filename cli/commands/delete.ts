/** `calicoctl delete`: removes resources named by word or by file. I/O. */
import { hasCode } from '#appliance/lib/errors.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { usageError } from '../errors.ts';
import {
  connectionFlags,
  dryRunFlag,
  dryRunOf,
  fileFlags,
  isByFile,
  isSet,
  namespaceFlag,
  resultFlags,
} from '../flags.ts';
import { readManifests } from '../input/manifests.ts';
import { findNamed } from '../input/targets.ts';
import { type Results, reportResults, resultFormat } from '../output/results.ts';
import { type Named, runEach } from '../run-each.ts';
import { withClient } from '../session.ts';
import { checkWritable } from '../write-checks.ts';

export const deleteCommand: Command = {
  usage: '(KIND NAME... | KIND/NAME... | -f PATH) [flags]',
  description: 'Deletes resources, by kind and names or by the manifests that name them.',
  flags: [
    ...fileFlags,
    { flags: '-s, --skip-not-exists', description: 'a resource that does not exist counts as deleted' },
    dryRunFlag,
    ...resultFlags,
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: ['calicoctl delete networkpolicy allow-web -n shop', 'calicoctl delete -f policy.yaml'],
  positionals: { min: 0, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  resultFormat(flags);
  const isFile = isByFile('delete', positionals, flags);
  const targets = isFile ? await readManifests(context, flags) : await findNamed(context, flags, positionals);
  if (!isFile && targets.length === 0) throw usageError(`delete needs the names of the resources: delete KIND NAME...`);
  return withClient(context, flags, async (client) => {
    const results: Results = new Map(targets.map((target) => [target, { action: 'deleted' }]));
    const outcomes = await runEach(targets, (target) => remove(client, target, flags));
    return reportResults(context, flags, { base: 'delete', past: 'deleted' }, outcomes, results);
  });
}

async function remove(client: ApiClient, target: Named, flags: FlagValues): Promise<void> {
  checkWritable('delete', target);
  try {
    const { isDryRun, isClientOnly } = dryRunOf(flags);
    const { kind, name, namespace, resourceVersion } = target;
    if (isClientOnly) await client.get(kind, name, namespace);
    else await client.remove(kind, name, namespace, resourceVersion, { isDryRun });
  } catch (error) {
    if (!isSet(flags, 'skipNotExists') || !hasCode(error, 'CLI_NOT_FOUND')) throw error;
  }
}
