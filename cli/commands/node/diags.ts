/** `calicoctl node diags`: gathers what one needs to find out what is wrong with this machine. I/O. */
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { exitCodes } from '../../errors.ts';
import { textFlag } from '../../flags.ts';
import { writeBundle } from '../../node/bundle.ts';
import { hostSources } from '../../node/host-sources.ts';
import { placesOf } from '../../node/run-dir.ts';

export const nodeDiagsCommand: Command = {
  usage: '[--log-dir DIRECTORY] [--output-dir DIRECTORY]',
  description:
    'Gathers rules, routes, settings, journals, and the status of agent and store in one .tar.gz with a manifest. Passwords, tokens and keys are ' +
    'taken out; tools that are missing are told in the manifest. As another user than root some of it stays empty.',
  flags: [
    { flags: '--log-dir <path>', description: 'logs to put in too', default: '/var/log/calico' },
    { flags: '--output-dir <path>', description: 'where the bundle goes (default: the directory for temporary files)' },
  ],
  examples: ['calicoctl node diags', 'calicoctl node diags --log-dir /var/log/calico --output-dir /root'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  context.out('Collecting diagnostics\n');
  const logDir = textFlag(flags, 'logDir') ?? '';
  const sources = hostSources({
    places: placesOf(context.env),
    logDir,
    logs: logFiles(logDir),
    ask: (words) => askOurselves(context, words),
  });
  const path = await writeBundle(textFlag(flags, 'outputDir') ?? tmpdir(), 'diags', new Date(), sources);
  context.out(
    `\nDiags saved to ${path}\nSecrets were taken out; look through it all the same before you send it to anybody.\n`,
  );
  return exitCodes.ok;
}

function logFiles(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && !/\.(?:gz|xz|zst)$/.test(entry.name)).map(({ name }) => name);
}

/** What another command of ours prints, errors included. */
export async function askOurselves(context: CliContext, words: readonly string[]): Promise<string> {
  const [{ runProgram }, { commands }] = await Promise.all([import('../../program.ts'), import('../../commands.ts')]);
  let text = '';
  const take = (part: string) => {
    text += part;
  };
  const exitCode = await runProgram(words, { ...context, out: take, err: take }, commands);
  return exitCode === exitCodes.ok ? text : `${text}\n(exit code ${exitCode})\n`;
}
