/** `calicoctl node hits`: what this machine's kernel counted, by policy or by rule. I/O. */
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { documentFormat, outputFlag } from '../../datastore/output.ts';
import { cliError, exitCodes } from '../../errors.ts';
import { isSet } from '../../flags.ts';
import { readAgentHits } from '../../node/agent.ts';
import { printHits } from '../../node/hits-text.ts';
import { placesOf } from '../../node/run-dir.ts';
import { printDocument } from '../../output/document.ts';

export const nodeHitsCommand: Command = {
  usage: '[--rules] [-o json|yaml]',
  description:
    'Shows how many packets and bytes the policies and profiles of this machine decided on, and how many were dropped where no policy did. With --rules, rule by rule. ' +
    'Later packets of a flow that was allowed are not looked at again, and not counted. Counters begin with a boot of the machine.',
  flags: [{ flags: '--rules', description: 'show each rule, by its place in the policy' }, outputFlag],
  examples: ['calicoctl node hits', 'calicoctl node hits --rules', 'calicoctl node hits -o json'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const format = documentFormat(flags);
  const hits = await readAgentHits(placesOf(context.env).runDir);
  if (hits === null) throw cliError('CLI_FAILED', 'the backend of this agent does not tell what it counts');
  if (format === undefined) context.out(printHits(hits, isSet(flags, 'rules')));
  else await printDocument(context, format, hits);
  return exitCodes.ok;
}
