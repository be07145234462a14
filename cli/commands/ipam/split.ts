/** `calicoctl ipam split`: cuts a pool into equal parts. I/O. */
import type { Command, FlagValues } from '../../command.ts';
import type { CliContext } from '../../context.ts';
import { exitCodes, usageError } from '../../errors.ts';
import { connectionFlags, isSet, textFlag } from '../../flags.ts';
import { createIpamApi } from '../../ipam/ask.ts';
import { withTransport } from '../../session.ts';

export const ipamSplitCommand: Command = {
  usage: 'NUMBER (--cidr=CIDR | --name=POOL) [--dry-run] [flags]',
  description:
    'Puts NUMBER pools of equal size in the place of one, with its settings and all addresses it has given. NUMBER is a power of 2; the datastore ' +
    "must be locked ('calicoctl datastore migrate lock').",
  flags: [
    { flags: '--cidr <cidr>', description: 'the pool with this CIDR' },
    { flags: '--name <pool>', description: 'the pool of this name' },
    { flags: '--dry-run', description: 'only show the pools there would be' },
    ...connectionFlags,
  ],
  examples: [
    'calicoctl ipam split 2 --name=default-ipv4-ippool',
    'calicoctl ipam split 4 --cidr=10.77.0.0/16 --dry-run',
  ],
  positionals: { min: 1, max: 1 },
  run,
};

async function run(context: CliContext, [text = '']: readonly string[], flags: FlagValues): Promise<number> {
  const [cidr, name] = [textFlag(flags, 'cidr'), textFlag(flags, 'name')];
  if ((cidr === undefined) === (name === undefined)) throw usageError('give either --cidr or --name');
  const parts = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(parts >= 2) || (parts & (parts - 1)) !== 0) throw usageError(`'${text}' is not a power of 2`);
  const pool = { parts, ...(cidr !== undefined && { cidr }), ...(name !== undefined && { name }) };
  return withTransport(context, flags, async (transport) => {
    const isDryRun = isSet(flags, 'dryRun');
    const pools = await createIpamApi(transport).split(pool, isDryRun);
    for (const { metadata, spec } of pools)
      context.out(`${isDryRun ? 'Would create' : 'Created'} IP pool ${metadata.name} with CIDR ${spec.cidr}\n`);
    return exitCodes.ok;
  });
}
