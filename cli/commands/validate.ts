/** `calicoctl validate`: checks manifests against the rules of their kinds; asks no server. I/O: reads files. */

import { printFieldErrors } from '../api-errors.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError } from '../errors.ts';
import { fileFlags, namespaceFlag, withFiles } from '../flags.ts';
import { readManifests } from '../input/manifests.ts';
import { reportOutcomes } from '../output/report.ts';
import type { Outcome } from '../run-each.ts';

export const validateCommand: Command = {
  usage: '-f PATH [flags]',
  description: 'Checks manifests offline: unknown fields, types, ranges and rules across fields.',
  flags: [...fileFlags, namespaceFlag],
  examples: ['calicoctl validate -f policy.yaml', 'calicoctl validate -f manifests/ -R'],
  positionals: { min: 0, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(context: CliContext, positionals: readonly string[], given: FlagValues): Promise<number> {
  const flags = withFiles(given, positionals);
  const manifests = await readManifests(context, flags, { isOffline: true });
  const outcomes = manifests.map((item): Outcome => {
    if (item.problems.length === 0) return { item };
    return { item, error: cliError('CLI_INVALID', printFieldErrors(item.problems)) };
  });
  return reportOutcomes(context, { base: 'validate', past: 'validated' }, outcomes);
}
