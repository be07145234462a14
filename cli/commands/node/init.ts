/** `calicoctl node init`: the settings of this host's agent in calico.env, asked for or by flags, checked by the agent itself before they are written. I/O. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { cliError, exitCodes } from '../../errors.ts';
import { isSet, textFlag } from '../../flags.ts';
import { checkSettings } from '../../node/check-settings.ts';
import { type EnvPlan, planEnv, readEnvFile, writeEnvFile } from '../../node/env-file.ts';
import { type InitChoice, initChoices } from '../../node/init-choices.ts';

export const nodeInitCommand: Command = {
  usage: '[flags]',
  description: `Writes what the flags say into calico.env, which the services of this host read: its name, how its address is found, which store it follows. Without
flags, on a terminal, it asks. Lines of others stay as they are; a setting that has another value is left alone unless --force is given. Nothing is
written when the agent would not take it. Running it again changes nothing.`,
  flags: [
    ...initChoices.map(({ flag, description }) => ({ flags: flag, description })),
    { flags: '--agent-only', description: 'this host keeps no store and serves no API (CALICO_APISERVER=disabled)' },
    { flags: '--dir <directory>', description: 'configuration directory (default: /etc/calico)' },
    { flags: '--dry-run', description: 'show what would change, and write nothing' },
    { flags: '--force', description: 'give settings that are there the new values' },
  ],
  examples: [
    'calicoctl node init',
    'calicoctl node init --node web-1 --ip autodetect --ip-autodetection-method interface=eth.*',
    'calicoctl node init --datastore etcdv3 --etcd-endpoints https://192.0.2.1:2379 --agent-only --dry-run',
  ],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _words: readonly string[], flags: FlagValues): Promise<number> {
  const directory = resolve(textFlag(flags, 'dir') ?? context.env.CALICO_CONFIG_DIR ?? '/etc/calico');
  const file = readEnvFile(directory);
  const wanted = settingsOf(flags);
  const isAsking = Object.keys(wanted).length === 0 && context.ask !== undefined;
  const answers = isAsking ? await askAll(context, file.text) : wanted;
  const plan = planEnv(file, answers);
  const said = await checkSettings(plan.text);
  // what somebody has just answered is meant
  const isForced = isSet(flags, 'force') || isAsking;
  if (plan.replaced.length > 0 && !isForced && !isSet(flags, 'dryRun')) refuse(plan);
  for (const line of plan.changes) context.out(`${line}\n`);
  if (plan.changes.length === 0) context.out(`${plan.path} says so already; nothing to change.\n`);
  else if (isSet(flags, 'dryRun')) context.out(`Nothing written: ${plan.path} would change as above.\n`);
  else {
    writeEnvFile(plan);
    context.out(`Wrote ${plan.path}.\n`);
  }
  context.out(said);
  context.out('Start the agent: systemctl enable --now calico-node (when it runs: systemctl restart calico-node)\n');
  return exitCodes.ok;
}

function settingsOf(flags: FlagValues): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const { name, key } of initChoices) {
    const value = textFlag(flags, key);
    if (value !== undefined) settings[name] = value;
  }
  if (isSet(flags, 'agentOnly')) settings.CALICO_APISERVER = 'disabled';
  return settings;
}

/** An empty answer keeps what is set, or leaves the default. */
async function askAll(context: CliContext, text: string): Promise<Record<string, string>> {
  const present = parseEnv(text);
  const answers: Record<string, string> = {};
  const ask = async ({ name, question, byDefault }: InitChoice) => {
    const known = present[name] ?? (name === 'NODENAME' ? hostname().toLowerCase() : byDefault);
    const answer = (await context.ask!(`${question} [${known}]: `)).trim();
    if (answer !== '') answers[name] = answer;
  };
  const isNeeded = ({ onlyFor }: InitChoice) =>
    onlyFor === undefined || (answers.DATASTORE_TYPE ?? present.DATASTORE_TYPE) === onlyFor;
  for (const choice of initChoices) if (choice.question !== '' && isNeeded(choice)) await ask(choice);
  return answers;
}

function refuse({ path, replaced }: EnvPlan): never {
  throw cliError('CLI_EXISTS', `${path} has other values for ${replaced.join(', ')}; --force replaces them`);
}
