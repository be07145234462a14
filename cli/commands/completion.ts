/** `calicoctl completion SHELL`: prints what the shell has to evaluate. Output through the context. */
import type { Command } from '../command.ts';
import { completionScripts } from '../completion/scripts.ts';
import { exitCodes, usageError } from '../errors.ts';

export const completionCommand: Command = {
  usage: '(bash | zsh | fish)',
  description: `Prints a script that completes commands, flags, kinds, and the names of resources as the server has them.
bash: source <(calicoctl completion bash); zsh: source <(calicoctl completion zsh); fish: calicoctl completion fish | source`,
  flags: [],
  examples: ['calicoctl completion bash > /etc/bash_completion.d/calicoctl'],
  positionals: { min: 1, max: 1 },
  async run(context, [shell = '']) {
    const script = Object.hasOwn(completionScripts, shell) ? completionScripts[shell] : undefined;
    if (script === undefined) throw usageError(`'${shell}' is none of bash, zsh and fish`);
    context.out(script);
    return exitCodes.ok;
  },
};
