/** `calicoctl ipam configure`: the settings of IPAM. I/O. */
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { exitCodes, usageError } from '../../errors.ts';
import { connectionFlags, isSet, textFlag } from '../../flags.ts';
import { createIpamApi } from '../../ipam/ask.ts';
import { withTransport } from '../../session.ts';

/** A setting: its flag, its name in the API, what is said of it, and how its text is read. */
interface Setting {
  readonly flag: string;
  readonly field: string;
  readonly title: string;
  readonly read: (text: string) => unknown;
}

const settings: readonly Setting[] = [
  { flag: 'strictaffinity', field: 'strictAffinity', title: 'StrictAffinity', read: readBoolean },
  { flag: 'maxBlocksPerHost', field: 'maxBlocksPerHost', title: 'MaxBlocksPerHost', read: readNumber },
  {
    flag: 'kubevirtIpPersistence',
    field: 'kubeVirtVMAddressPersistence',
    title: 'KubeVirtVMAddressPersistence',
    read: (text) => text,
  },
  { flag: 'ipCooldownSeconds', field: 'ipCooldownSeconds', title: 'IPCooldownSeconds', read: readNumber },
];

export const ipamConfigureCommand: Command = {
  usage:
    '[--strictaffinity=true|false] [--max-blocks-per-host=N] [--kubevirt-ip-persistence=Enabled|Disabled] [--ip-cooldown-seconds=N] [flags]',
  description: 'Changes the settings of IPAM that are given; the others stay.',
  flags: [
    { flags: '--strictaffinity <bool>', description: 'whether hosts give addresses of their own blocks only' },
    { flags: '--max-blocks-per-host <n>', description: 'how many blocks a host may have; 0 for the default' },
    {
      flags: '--kubevirt-ip-persistence <state>',
      description: 'whether virtual machines keep their addresses',
      choices: ['Enabled', 'Disabled'],
    },
    { flags: '--ip-cooldown-seconds <n>', description: 'how long a released address is kept from being given again' },
    { flags: '--dry-run', description: 'check, and change nothing' },
    ...connectionFlags,
  ],
  examples: ['calicoctl ipam configure --strictaffinity=true', 'calicoctl ipam configure --ip-cooldown-seconds=60'],
  positionals: { min: 0, max: 0 },
  run,
};

async function run(context: CliContext, _positionals: readonly string[], flags: FlagValues): Promise<number> {
  const given = settings.flatMap((setting) => {
    const text = textFlag(flags, setting.flag);
    return text === undefined ? [] : [{ ...setting, value: setting.read(text) }];
  });
  if (given.length === 0) throw usageError(`give at least one setting; see 'calicoctl ipam configure --help'`);
  return withTransport(context, flags, async (transport) => {
    const wanted = Object.fromEntries(given.map(({ field, value }) => [field, value]));
    const isDryRun = isSet(flags, 'dryRun');
    await createIpamApi(transport).configure(wanted, isDryRun);
    for (const { title, value } of given)
      context.out(`${isDryRun ? 'Would set' : 'Successfully set'} ${title} to: ${value}\n`);
    return exitCodes.ok;
  });
}

function readBoolean(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw usageError(`--strictaffinity: '${text}' is neither true nor false`);
}

function readNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usageError(`'${text}' is not a whole number`);
}
