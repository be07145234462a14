/** `calicoctl node uninstall`: ends the services of this host for good; with --restore everything of theirs in the kernel goes, too. I/O. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Command } from '../../command.ts';
import { cliError, exitCodes } from '../../errors.ts';
import { isSet } from '../../flags.ts';
import { programPath } from '../../node/check-settings.ts';

const units = ['calico-node.service', 'calico-boot.service', 'calico-apiserver.service'];
const commandMsMax = 120_000;

export const nodeUninstallCommand: Command = {
  usage: '[flags]',
  description: `Stops and disables the services on this host. What is enforced stays in the kernel until the host boots, unless --restore is given: then rules, routes, links
and sysctls are put back as they were before the agent first started, which opens what policy kept shut. Store and settings stay; apt purge takes them, too.`,
  flags: [
    { flags: '--restore', description: 'take everything of ours out of the kernel' },
    { flags: '--dry-run', description: 'say what would be done, and do nothing' },
  ],
  examples: ['calicoctl node uninstall --restore', 'calicoctl node uninstall --restore --dry-run'],
  positionals: { min: 0, max: 0 },
  async run(context, _words, flags) {
    for (const { words, reason } of plan(isSet(flags, 'restore'))) {
      context.out(`${reason}: ${words.join(' ')}\n`);
      if (!isSet(flags, 'dryRun')) context.out(await execute(words));
    }
    if (!isSet(flags, 'restore'))
      context.out('What was enforced stays in the kernel until the host boots; --restore takes it out.\n');
    return exitCodes.ok;
  },
};

interface Step {
  readonly reason: string;
  readonly words: readonly [string, ...string[]];
}

/** Without systemd there are no services to end, and an agent that still runs is told of by the last step. */
function plan(isRestore: boolean): Step[] {
  const hasServices = existsSync('/run/systemd/system');
  const services: Step = {
    reason: 'Stopping and disabling the services',
    words: ['systemctl', 'disable', '--now', ...units],
  };
  const restore: Step = {
    reason: 'Taking everything of ours out of the kernel',
    words: [programPath('calico-node'), 'uninstall'],
  };
  return [...(hasServices ? [services] : []), ...(isRestore ? [restore] : [])];
}

function execute([command, ...words]: Step['words']): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, words, { timeout: commandMsMax }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(cliError('CLI_FAILED', `${command}: ${stderr.trim() || error.message}`));
    }).stdin?.end();
  });
}
