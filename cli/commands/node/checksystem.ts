/** `calicoctl node checksystem`: whether this machine can do what the agent needs, by trying it. I/O. */
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { documentFormat, outputFlag } from '../../datastore/output.ts';
import { cliError, errorText, exitCodes } from '../../errors.ts';
import { placesOf } from '../../node/run-dir.ts';
import { printDocument } from '../../output/document.ts';

export const nodeChecksystemCommand: Command = {
  usage: '[-o json|yaml]',
  description:
    'Tries what the agent needs of kernel and machine, in a network namespace of its own: nothing of the machine is changed. Needs root. ' +
    'A line each with OK, WARN (something is missing that not everybody needs) or FAIL; exit code 1 when one failed.',
  flags: [
    outputFlag,
    {
      flags: '-f, --kernel-config <file>',
      description: 'taken and not needed: what counts is what works',
      isHidden: true,
    },
  ],
  examples: ['calicoctl node checksystem', 'calicoctl node checksystem -o json'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const format = documentFormat(flags);
  if (process.getuid?.() !== 0) throw cliError('CLI_DENIED', 'Need super user privileges: Operation not permitted');
  const { probeSystem } = await import('../../node/probe.ts');
  const results = await probeSystem(placesOf(context.env).dataDir).catch((error) => {
    throw cliError('CLI_FAILED', errorText(error));
  });
  const hasFailed = results.some(({ verdict }) => verdict === 'FAIL');
  if (format === undefined) {
    for (const { name, verdict, problem } of results)
      context.out(`${name.padEnd(26)}${verdict}${problem === undefined ? '' : `  ${problem}`}\n`);
    context.out(
      hasFailed
        ? '\nSystem does not meet the minimum requirements to run Calico.\n'
        : '\nSystem meets minimum system requirements to run Calico!\n',
    );
  } else await printDocument(context, format, { meetsRequirements: !hasFailed, results });
  return hasFailed ? exitCodes.failure : exitCodes.ok;
}
