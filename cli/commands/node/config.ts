/** `calicoctl node config`: every parameter of this machine's agent, its value, and where that comes from. I/O. */
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { documentFormat, outputFlag } from '../../datastore/output.ts';
import { exitCodes, usageError } from '../../errors.ts';
import { isSet } from '../../flags.ts';
import { type AgentConfig, readAgentConfig } from '../../node/agent.ts';
import { printConfig } from '../../node/config-text.ts';
import { placesOf } from '../../node/run-dir.ts';
import { printDocument } from '../../output/document.ts';

export const nodeConfigCommand: Command = {
  usage: '[PARAMETER...] [--all] [-o json|yaml]',
  description:
    'Shows the parameters of the agent of this machine that somebody has set: the value in use, where it comes from (environment, file, or which FelixConfiguration), ' +
    'and what is to be said of it: that it cannot be used, that it waits for the next start, that it has no meaning here. With --all those with defaults too; by name ' +
    'those alone, with what lower layers say. Where no agent runs, what calico.env and felix.cfg say.',
  flags: [{ flags: '-a, --all', description: 'show parameters that nobody set, too' }, outputFlag],
  examples: ['calicoctl node config', 'calicoctl node config LogSeverityScreen', 'calicoctl node config --all -o yaml'],
  positionals: { min: 0, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(context: CliContext, names: readonly string[], flags: FlagValues): Promise<number> {
  const format = documentFormat(flags);
  const { runDir, configDir } = placesOf(context.env);
  const asked = await readAgentConfig(runDir);
  if (asked === undefined)
    context.err('no agent runs: this is what the files say; what is in the store is not known\n');
  const config = asked ?? (await import('../../node/local-config.ts')).readLocalConfig(configDir);
  const shown = { ...config, parameters: choose(config, names, isSet(flags, 'all')) };
  if (format === undefined) context.out(printConfig(shown, names.length > 0));
  else await printDocument(context, format, shown);
  return exitCodes.ok;
}

function choose({ parameters }: AgentConfig, names: readonly string[], isAll: boolean): AgentConfig['parameters'] {
  if (names.length === 0) return isAll ? parameters : parameters.filter(({ source }) => source !== 'default');
  return names.map((name) => {
    const found = parameters.find((parameter) => parameter.name.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw usageError(`there is no parameter ${name}; calicoctl node config --all shows them`);
    return found;
  });
}
